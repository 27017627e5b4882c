//! What becomes of statements of others over the findings of a release: proposals for an approver, and nothing more.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::Statement;
use crate::domain::dedup::identities;
use crate::domain::finding::{Finding, FindingSource, Rung};
use crate::domain::ids::{Digest, Fingerprint, RecordId};
use crate::domain::release::Release;
use crate::domain::time::Timestamp;
use crate::domain::triage::{Dismissal, Lapse, Triaged, is_at};
use crate::text::Untrusted;

/// What becomes of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It can be signed of this open finding.
    Take(Arc<Finding>, Rung),
    /// It may be meant for these open findings; whether it is, a person has to say of each.
    Suggest(Vec<Arc<Finding>>, String),
    /// Nothing is to be done: it is in the ledger, or says what stands there already.
    Known(String),
    /// It says nothing of an open finding.
    NotTaken(String),
}

/// What is looked at for each statement.
pub struct Proposals<'a> {
    /// All findings of the release, with their triage.
    pub findings: &'a [Triaged],
    /// What the ledger has.
    pub dismissals: &'a [Dismissal],
    /// The release.
    pub release: &'a Release,
    /// Now.
    pub now: Timestamp,
}

/// What becomes of statements, in their order.
pub fn propose(statements: &[&Statement], over: &Proposals<'_>) -> Vec<Fate> {
    let index = Index::of(over.findings);
    let found: Vec<Vec<(usize, Rung)>> =
        statements.iter().map(|s| index.spoken_of(s, over.findings, over.release)).collect();
    // Of findings that look alike, which one was meant is known where each has a statement of its very own.
    let own: BTreeSet<Fingerprint> = statements.iter().filter_map(|s| s.subject.fingerprint).collect();
    let records = over.dismissals.iter().map(|d| (&d.id, &d.envelope)).collect();
    let mut fates: Vec<Fate> =
        statements.iter().zip(&found).map(|(statement, found)| one(statement, found, &own, &records, over)).collect();
    settle(statements, &mut fates);
    fates
}

fn one(
    statement: &Statement,
    found: &[(usize, Rung)],
    own: &BTreeSet<Fingerprint>,
    records: &HashSet<(&RecordId, &Digest)>,
    over: &Proposals<'_>,
) -> Fate {
    if let Some(record) = statement.record.as_ref().filter(|r| records.contains(&(&r.id, &r.envelope))) {
        return Fate::Known(format!("The ledger has it, as record {}.", record.id));
    }
    let header = super::Header { release: over.release, author: "", now: over.now };
    if let Some(why) = statement.does_not_hold(&header) {
        return Fate::NotTaken(why);
    }
    let all: Vec<(&Triaged, Rung)> =
        found.iter().filter_map(|(at, rung)| Some((over.findings.get(*at)?, *rung))).collect();
    let very = all.iter().find(|(t, _)| statement.subject.fingerprint == Some(t.finding.fingerprint)).copied();
    let meant: Vec<(&Triaged, Rung)> = match very {
        Some(very) => vec![very],
        None => all.clone(),
    };
    let open: Vec<(&Triaged, Rung)> = meant.iter().filter(|(t, _)| t.is_open()).copied().collect();
    let Some((first, rung)) = open.first().copied() else {
        let by = meant.iter().find_map(|(t, _)| t.dismissal.as_ref());
        return match by {
            None => Fate::NotTaken(format!("It speaks of no finding of {}.", over.release.short())),
            Some(by) => {
                let d = &by.dismissal;
                Fate::Known(format!("Dismissed already, by {} as {}.", d.principal, d.status.word()))
            }
        };
    };
    let lookalikes = match very {
        // The first of several has the bare key, and need not be the one that was judged.
        Some((t, _)) => all.iter().any(|(other, rung)| {
            rung.carries()
                && other.finding.keys.first() == t.finding.keys.first()
                && !own.contains(&other.finding.fingerprint)
        }),
        None => all.len() > 1,
    };
    match doubt(statement, &first.finding, rung, lookalikes) {
        Some(lapse) => {
            let findings = open.iter().map(|(t, _)| Arc::clone(&t.finding)).collect();
            Fate::Suggest(findings, format!("Only suggested: {}.", lapse.words()))
        }
        None => Fate::Take(Arc::clone(&first.finding), rung),
    }
}

/// Why it is not taken for a finding by itself; the same doubts as with a dismissal of the ledger's own.
fn doubt(statement: &Statement, finding: &Finding, rung: Rung, lookalikes: bool) -> Option<Lapse> {
    let about = &statement.subject;
    let very = about.fingerprint == Some(finding.fingerprint);
    let major = finding.sources.first().and_then(FindingSource::tool_major).map(|m| m.to_string());
    if about.severity.is_some_and(|then| finding.severity.weight() > then.weight()) {
        Some(Lapse::SeverityRose)
    } else if lookalikes {
        Some(Lapse::Ambiguous)
    } else if rung == Rung::Vulnerability && about.fingerprint.is_some() && !is_at(&about.place, finding) {
        Some(Lapse::Moved)
    } else if !rung.carries() && !very {
        Some(Lapse::WeakMatch)
    } else if major.is_some() && about.tool_major.is_some() && major != about.tool_major {
        Some(Lapse::ToolChanged)
    } else {
        None
    }
}

/// One finding has one record: of statements that agree the newest is taken, of those that do not, none.
fn settle(statements: &[&Statement], fates: &mut [Fate]) {
    let mut of_one: BTreeMap<Fingerprint, Vec<usize>> = BTreeMap::new();
    for (at, fate) in fates.iter().enumerate() {
        if let Fate::Take(finding, _) = fate {
            of_one.entry(finding.fingerprint).or_default().push(at);
        }
    }
    for several in of_one.into_values().filter(|all| all.len() > 1) {
        let said = |at: &usize| statements.get(*at).map(|s| (s.status, s.justification));
        let agree = several.windows(2).all(|pair| pair.first().map(said) == pair.last().map(said));
        let newest = several.iter().max_by_key(|at| statements.get(**at).and_then(|s| s.said_at)).copied();
        for at in several {
            let Some(fate) = fates.get_mut(at).filter(|_| !agree || Some(at) != newest) else { continue };
            *fate = match fate {
                Fate::Take(finding, _) if !agree => Fate::Suggest(
                    vec![Arc::clone(finding)],
                    "The statements contradict each other about this finding: a person has to say which holds."
                        .to_owned(),
                ),
                _ => Fate::Known("Another statement says the same of this finding, and is taken.".to_owned()),
            };
        }
    }
}

/// Where the findings are that a statement can speak of: a document with thousands of statements meets thousands of findings.
struct Index {
    prints: HashMap<Fingerprint, Vec<usize>>,
    names: HashMap<String, Vec<usize>>,
}

impl Index {
    fn of(findings: &[Triaged]) -> Self {
        let mut index = Self { prints: HashMap::new(), names: HashMap::new() };
        for (at, triaged) in findings.iter().enumerate() {
            let finding = &triaged.finding;
            for print in finding.keys.iter().map(|k| k.value).chain([finding.fingerprint]) {
                index.prints.entry(print).or_default().push(at);
            }
            for name in names(&finding.rule, &finding.vulnerabilities) {
                index.names.entry(name).or_default().push(at);
            }
        }
        index
    }

    /// The findings that a statement speaks of, each with the rung, in the order of the findings.
    fn spoken_of(&self, statement: &Statement, findings: &[Triaged], release: &Release) -> Vec<(usize, Rung)> {
        let about = &statement.subject;
        let mut candidates: BTreeSet<usize> = BTreeSet::new();
        for print in about.keys.iter().map(|k| k.value).chain(about.fingerprint) {
            candidates.extend(self.prints.get(&print).into_iter().flatten());
        }
        for name in names(&about.rule, &about.vulnerabilities) {
            candidates.extend(self.names.get(&name).into_iter().flatten());
        }
        let rung = |at: usize| Some((at, statement.speaks_of(&findings.get(at)?.finding, release)?));
        candidates.into_iter().filter_map(rung).collect()
    }
}

/// The names by which a rule or vulnerability may be called; the same for both sides.
fn names(rule: &Untrusted, vulnerabilities: &[Untrusted]) -> BTreeSet<String> {
    let ids = vulnerabilities.iter().map(Untrusted::raw);
    let mut out: BTreeSet<String> = identities(ids.clone()).into_iter().map(Cow::into_owned).collect();
    out.extend(ids.chain([rule.raw()]).map(str::to_uppercase).filter(|name| !name.is_empty()));
    out
}

impl Statement {
    /// The reasoning of the record that an approver signs of it: whose words they are stays with them.
    pub fn imported(&self, format: super::Format) -> Untrusted {
        let by = self.said_by.as_ref().filter(|by| !crate::text::is_blank(by.raw()));
        let who = by.map_or("nobody that it names", Untrusted::raw);
        let when = self.said_at.map_or_else(String::new, |at| format!(" on {}", at.date()));
        Untrusted::new(format!("Imported from {}, said by {who}{when}: {}", format.name(), self.detail.raw()))
    }
}
