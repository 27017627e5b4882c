//! What somebody says of a finding, in whatever format.

use serde::Serialize;

use super::{Header, product};
use crate::domain::finding::{Finding, Location, MatchKey, Package};
use crate::domain::ids::{Digest, Fingerprint, RecordId};
use crate::domain::release::Release;
use crate::domain::severity::Severity;
use crate::domain::time::Timestamp;
use crate::domain::triage::{Dismissal, Justification, Scope, Status};
use crate::text::Untrusted;

/// What somebody says of a finding: one of our dismissals on its way out, or a proposal from a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// What it is about.
    pub subject: About,
    /// The products that it holds for, as package URLs or in the document's own words; none: the document names none.
    pub products: Vec<Untrusted>,
    /// What is said.
    pub status: Status,
    /// The justification, if one was given.
    pub justification: Option<Justification>,
    /// The reasoning.
    pub detail: Untrusted,
    /// Where it holds. `None`: the document does not say, as only ours do.
    pub scope: Option<Scope>,
    /// Until when it holds.
    pub expires: Option<Timestamp>,
    /// Who said it: of ours the principal, else the author as the document names him.
    pub said_by: Option<Untrusted>,
    /// When.
    pub said_at: Option<Timestamp>,
    /// The signed record that it was written from. Imported, it is a claim: the ledger has the record, or not.
    pub record: Option<Record>,
}

/// The signed record of a dismissal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record {
    /// Its id.
    pub id: RecordId,
    /// The digest of its envelope.
    pub envelope: Digest,
}

/// The finding that a statement is about, as far as it is known; what is not known is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct About {
    /// The rule.
    pub rule: Untrusted,
    /// The title.
    pub title: Untrusted,
    /// The place in one line, as it was shown.
    pub place: Untrusted,
    /// Ids of vulnerability databases.
    pub vulnerabilities: Vec<Untrusted>,
    /// The package.
    pub package: Option<Package>,
    /// The place.
    pub location: Location,
    /// The code at the place.
    pub snippet: Option<Untrusted>,
    /// The fingerprint, which only our own documents carry.
    pub fingerprint: Option<Fingerprint>,
    /// What it may be recognised by.
    pub keys: Vec<MatchKey>,
    /// The tool that reported it.
    pub tool: Untrusted,
    /// The major version of that tool.
    pub tool_major: Option<String>,
    /// The severity that it had.
    pub severity: Option<Severity>,
}

impl Statement {
    /// What a dismissal says for a release. `finding` is the one that it holds for there: only that knows the package, the
    /// code and the other names of the vulnerability.
    pub fn of(dismissal: &Dismissal, finding: Option<&Finding>, release: &Release) -> Self {
        let subject = &dismissal.subject;
        let mut vulnerabilities: Vec<Untrusted> = Vec::new();
        let known = finding.into_iter().flat_map(|f| f.vulnerabilities.iter().cloned());
        for id in known.filter(|id| !id.is_empty()) {
            if !vulnerabilities.contains(&id) {
                vulnerabilities.push(id);
            }
        }
        if vulnerabilities.is_empty() {
            vulnerabilities.extend(vulnerability_in(subject.rule.raw()).map(Untrusted::new));
        }
        Self {
            subject: About {
                rule: subject.rule.clone(),
                title: subject.title.clone(),
                place: subject.place.clone(),
                vulnerabilities,
                package: finding.and_then(|f| f.package.as_deref()).map(|p| Package { fixed: Vec::new(), ..p.clone() }),
                location: finding.map(|f| f.location.clone()).unwrap_or_default(),
                snippet: finding.and_then(|f| f.snippet.clone()),
                fingerprint: Some(subject.fingerprint),
                keys: subject.keys.clone(),
                tool: subject.tool.clone(),
                tool_major: subject.tool_major.clone(),
                severity: Some(subject.severity),
            },
            products: product::ids(release, &dismissal.scope),
            status: dismissal.status,
            justification: dismissal.justification,
            detail: dismissal.detail.clone(),
            scope: Some(dismissal.scope.clone()),
            expires: dismissal.expires,
            said_by: Some(Untrusted::new(dismissal.principal.as_str())),
            said_at: Some(dismissal.issued_at),
            record: Some(Record { id: dismissal.id.clone(), envelope: dismissal.envelope.clone() }),
        }
    }

    /// What it is about, in one line, safe to display.
    pub fn name(&self) -> String {
        let id = self.subject.vulnerabilities.first().unwrap_or(&self.subject.rule).line();
        let at = self.subject.package.as_ref().map_or(&self.subject.place, |p| &p.name).line();
        if at.is_empty() { id.into_owned() } else { format!("{id} in {at}") }
    }

    /// Why it cannot be exported for the release at this time.
    pub(super) fn does_not_hold(&self, header: &Header<'_>) -> Option<String> {
        if let Some(scope) = self.scope.as_ref().filter(|s| !s.covers(header.release)) {
            return Some(format!("It holds for {scope}, and so not for {}.", header.release.short()));
        }
        let expired = self.expires.filter(|e| *e <= header.now)?;
        Some(format!("It has expired on {}.", expired.date()))
    }
}

/// The vulnerability that a rule is named after, upper case, without what is written behind its id.
pub(super) fn vulnerability_in(rule: &str) -> Option<String> {
    let upper = rule.trim().to_ascii_uppercase();
    let (database, rest) = upper.split_once('-')?;
    let parts = match database {
        "GHSA" => 3,
        "CVE" | "RUSTSEC" | "PYSEC" | "GO" | "OSV" | "GMS" => 2,
        _ => return None,
    };
    let own: Vec<&str> = rest.split('-').take(parts).collect();
    let good = |p: &&str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_alphanumeric());
    (own.len() == parts && own.iter().all(good)).then(|| format!("{database}-{}", own.join("-")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_named_after_vulnerabilities() {
        for (rule, want) in [
            ("CVE-2019-1549-libcrypto1.1", Some("CVE-2019-1549")),
            ("ghsa-aaaa-bbbb-cccc", Some("GHSA-AAAA-BBBB-CCCC")),
            ("RUSTSEC-2024-0001", Some("RUSTSEC-2024-0001")),
            ("CVE-2019", None),
            ("CVE-2019-", None),
            ("B602", None),
            ("GO", None),
            ("", None),
        ] {
            assert_eq!(vulnerability_in(rule).as_deref(), want, "{rule}");
        }
    }
}
