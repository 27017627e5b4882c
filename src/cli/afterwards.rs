//! `countersign revoke`, `review` and `delegate`.

use serde_json::json;

use super::args::DelegateArgs;
use super::output::{Block, Document};
use super::{Context, dismiss};
use crate::domain::ids::Principal;
use crate::domain::quorum::DelegationScope;
use crate::error::AppError;
use crate::review::afterwards::{self, Lending, Said};
use crate::review::permit::Permit;
use crate::review::progress::Progress;

/// Takes an approval back.
pub async fn revoke(context: &Context, decision: &str, reason: &str) -> Result<(), AppError> {
    let desk = context.desk().await?;
    let said = afterwards::revoke(&desk, decision, reason, &teller(context)).await?;
    told(context, "revoked", &said)
}

/// Reviews what was approved in an emergency.
pub async fn review(context: &Context, decision: &str, reason: &str) -> Result<(), AppError> {
    let desk = context.desk().await?;
    let said = afterwards::review(&desk, decision, reason, &teller(context)).await?;
    told(context, "reviewed", &said)
}

fn teller(context: &Context) -> impl Fn(Progress) + Send + Sync {
    let output = context.output.clone();
    move |progress| {
        if let Progress::Signing { touch: true, seconds } = progress {
            output.message(&format!("Touch your key on your workstation now ({seconds} s)."));
        }
    }
}

fn told(context: &Context, done: &str, said: &Said) -> Result<(), AppError> {
    let whole = json!({
        "schema": 1,
        done: said.earlier.id,
        "gate": said.earlier.gate,
        "decision": said.signed.record,
        "envelope": said.signed.digest,
        "effect": said.effect,
    });
    let text = format!(
        "The approval {} of {} by {} is {done}. {}\nDecision {} (envelope {})",
        said.earlier.id,
        said.earlier.release.line(),
        said.earlier.principal,
        said.effect,
        said.signed.record,
        said.signed.digest.short()
    );
    context.output.document(&Document { json: whole, rows: Vec::new(), blocks: vec![Block::Text(text)] })
}

/// Lends roles, or takes them back.
pub async fn delegate(context: &Context, args: &DelegateArgs) -> Result<(), AppError> {
    let desk = context.desk().await?;
    let permit = Permit::default();
    let (signed, text) = if let Some(id) = &args.revoke {
        let signed = afterwards::undelegate(&desk, id, &args.reason, &permit, &teller(context)).await?;
        (signed, format!("The delegation {} is taken back.", crate::text::line(id)))
    } else {
        let all = |patterns: &[String]| {
            if patterns.is_empty() { vec!["*".to_owned()] } else { patterns.to_vec() }
        };
        let now = desk.clock.now();
        let until = dismiss::expiry(args.until.as_deref().unwrap_or_default(), now)?;
        let from = match &args.from {
            None => None,
            Some(text) => Some(
                text.parse()
                    .map_err(|_e| AppError::usage(format!("{text:?} is no time. Write 2026-12-31T12:00:00Z.")))?,
            ),
        };
        let to = Principal::new(args.to.clone().unwrap_or_default());
        let lending = Lending {
            to: to.clone(),
            roles: args.role.clone(),
            from,
            until,
            scope: DelegationScope { environments: all(&args.env), services: all(&args.service) },
            reason: args.reason.clone(),
        };
        let signed = afterwards::delegate(&desk, lending, &permit, &teller(context)).await?;
        let roles = crate::text::line(&args.role.join(", ")).into_owned();
        (signed, format!("{to} may act as {roles} until {until}."))
    };
    let whole = json!({ "schema": 1, "delegation": signed.record, "envelope": signed.digest, "effect": text });
    let text = format!("{text}\nDelegation {} (envelope {})", signed.record, signed.digest.short());
    context.output.document(&Document { json: whole, rows: Vec::new(), blocks: vec![Block::Text(text)] })
}
