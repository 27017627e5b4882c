//! Whom a certificate stands for: its authority must be listed with `cert-authority`, and exactly one of its principals
//! may fit what is listed.

use super::{AllowedSigners, Entry, NoPrincipal};
use crate::domain::ids::Principal;
use crate::domain::time::Timestamp;
use crate::trust::cert::Certificate;
use crate::trust::key::KeyInfo;

impl AllowedSigners {
    /// Whether a key may count at all, for any namespace and time: listed itself, or certified by a listed authority.
    pub fn may_name(&self, key: &KeyInfo) -> bool {
        match &key.certificate {
            Some(certificate) => self.authorities(&certificate.authority.blob).next().is_some(),
            None => self.names(&key.blob),
        }
    }

    /// Who a certified key stands for, in a namespace, as of a time. The certificate's own signature, time and options
    /// are checked too.
    pub fn find_certified(
        &self,
        subject: &KeyInfo,
        certificate: &Certificate,
        namespace: &str,
        at: Timestamp,
    ) -> Result<Principal, NoPrincipal> {
        let key = subject.fingerprint.clone();
        let authority = certificate.authority.fingerprint.clone();
        let lines: Vec<&Entry> = self.authorities(&certificate.authority.blob).collect();
        let Some(first) = lines.first() else {
            return Err(NoPrincipal::Authority { key, authority, file: self.file.clone() });
        };
        certificate.check(at).map_err(|why| NoPrincipal::Certificate { key: key.clone(), why: Box::new(why) })?;
        // Judged over all lines of the authority, also those that do not apply today: one key is one person.
        let mut fitting: Vec<&String> =
            certificate.principals.iter().filter(|p| lines.iter().any(|line| line.covers(p))).collect();
        fitting.sort();
        fitting.dedup();
        let several = || {
            let all: Vec<_> = certificate.principals.iter().map(|p| crate::text::line(p)).collect();
            NoPrincipal::Principals { key: key.clone(), place: self.place(first), principals: all.join(", ") }
        };
        let [name] = fitting.as_slice() else { return Err(several()) };
        if name.is_empty() || name.contains([',', '*', '?', '!']) {
            return Err(several());
        }
        // The same key is listed by itself, for somebody else.
        if let Some(other) =
            self.entries.iter().find(|e| !e.cert_authority && e.blob == subject.blob && e.principals != **name)
        {
            let principals = format!("{}, {}", crate::text::line(&other.principals), crate::text::line(name));
            return Err(NoPrincipal::Several { key, place: self.place(other), principals });
        }
        let mut nearest = several();
        for line in lines.iter().filter(|line| line.covers(name)) {
            match self.judge(line, &|| authority.clone(), namespace, at) {
                Ok(_) => return Ok(Principal::new((*name).clone())),
                Err(reason) => nearest = reason,
            }
        }
        Err(nearest)
    }

    /// The lines that list a key as an authority.
    fn authorities<'a>(&'a self, blob: &'a [u8]) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().filter(move |e| e.cert_authority && e.blob == blob)
    }
}
