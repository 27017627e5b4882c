//! The approvers file in force: read, its signature checked, and compared with what the ledger has of it.

use std::path::Path;
use std::sync::Arc;

use super::Desk;
use super::records::{ApproversBody, RecordedApprovers, Records};
use super::sign;
use crate::domain::ids::RecordId;
use crate::domain::time::Timestamp;
use crate::error::{AppError, ErrorKind};
use crate::ledger::{Draft, Entry, EntryKind};
use crate::trust::approvers::{Approvers, signed};
use crate::trust::verify::TrustRoot;

/// The approvers file in force; `None` if there is none and never was. Blocking.
pub fn load(
    path: Option<&Path>,
    root: &TrustRoot,
    recorded: Option<&RecordedApprovers>,
    now: Timestamp,
) -> Result<Option<signed::Signed>, AppError> {
    let Some(path) = path else {
        return match recorded {
            None => Ok(None),
            // Whoever can take the file away must not be able to do away with roles.
            Some(recorded) => Err(AppError::new(
                ErrorKind::NotEntitled,
                format!(
                    "Ledger entry {} has an approvers file (serial {}), and none is given here, so roles cannot be checked.",
                    recorded.seq, recorded.serial
                ),
            )
            .hint("Set [trust] approvers to the file, or put approvers.toml and approvers.toml.sig into the folder of --trust.")),
        };
    };
    let file = signed::load(path, root, now)?;
    if let Some(recorded) = recorded {
        not_older(&file.approvers, recorded)?;
    }
    Ok(Some(file))
}

/// Refuses a file that is older than the newest one in the ledger, or another one of the same serial.
fn not_older(file: &Approvers, recorded: &RecordedApprovers) -> Result<(), AppError> {
    let fault = |why: String| {
        Err(AppError::new(ErrorKind::NotEntitled, why)
            .hint("Get the newest file from whoever keeps it; each change needs a serial that is higher than the last.")
            .hint(format!("`countersign ledger show {}` shows the file that the ledger has.", recorded.seq)))
    };
    if file.serial < recorded.serial {
        return fault(format!(
            "{} has the serial {}, and ledger entry {} has {} already: it is out of date.",
            file.file, file.serial, recorded.seq, recorded.serial
        ));
    }
    if file.serial == recorded.serial && file.digest != recorded.digest {
        return fault(format!(
            "{} has the serial {} as ledger entry {}, and says something else.",
            file.file, file.serial, recorded.seq
        ));
    }
    Ok(())
}

/// The approvers file in force at this desk.
pub async fn in_force(desk: &Desk, records: &Records) -> Result<Option<Arc<Approvers>>, AppError> {
    Ok(signed_file(desk, records).await?.map(|s| Arc::new(s.approvers)))
}

/// The same, with its signature.
pub async fn signed_file(desk: &Desk, records: &Records) -> Result<Option<signed::Signed>, AppError> {
    let (trust, recorded, now) = (desk.config.trust.clone(), records.approvers().cloned(), desk.clock.now());
    if trust.approvers.is_none() && recorded.is_none() {
        return Ok(None);
    }
    let read = tokio::task::spawn_blocking(move || {
        let root = sign::trust_root(&trust)?;
        load(trust.approvers.as_deref(), &root, recorded.as_ref(), now)
    });
    read.await.map_err(|e| AppError::internal(format!("Reading the approvers file failed: {e}.")))?
}

/// Appends the file in force to the ledger, if its serial grew. `None`: the ledger has it already.
pub async fn record(desk: &Desk) -> Result<Option<Entry>, AppError> {
    let records = desk.records().await?;
    records.sound()?;
    let file = signed_file(desk, &records).await?.ok_or_else(|| {
        AppError::usage("No approvers file is configured.").hint("Set [trust] approvers to the file.")
    })?;
    if records.approvers().is_some_and(|r| r.serial >= file.approvers.serial) {
        return Ok(None);
    }
    let now = desk.clock.now();
    let body = ApproversBody { text: file.text, signature: file.signature };
    let body = crate::domain::canonical::to_canonical(&body).map_err(|e| AppError::internal(e.to_string()))?;
    let record: RecordId = sign::record_id(now)?;
    let draft = Draft { kind: EntryKind::Approvers, record, gate: None, at: now, body };
    Ok(desk.append(vec![draft]).await?.into_iter().next())
}
