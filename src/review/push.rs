//! Tells the systems that findings come from of the dismissals in force: planned first, then carried out and seen.
//!
//! Only what is signed, in the ledger and in force is pushed, and nothing is pushed by itself. The ledger keeps what was
//! sent and what came of it; how a thing stands is read from its system each time.

mod record;

use std::collections::BTreeSet;

use futures_util::future::join_all;

pub use self::record::Pushed;
use super::Desk;
use super::template::{Place as Stands, fill};
use super::triage;
use crate::config::schema::PushConfig;
use crate::domain::dossier::Dossier;
use crate::domain::evidence::Reason;
use crate::domain::triage::Triaged;
use crate::error::{AppError, ErrorKind};
use crate::tracker::{self, Outcome, Place, Plan, Request, Step, Told};

/// One dismissal and one thing in one system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The connection.
    pub to: String,
    /// What the system is told.
    pub told: Told,
    /// What would be done there, or why that could not be found out.
    pub plan: Result<Plan, Reason>,
}

/// Plans what is to be done for the dismissals in force of a release: of all its findings, or of those that are named by
/// fingerprint; at all systems that its service names in `push`, or at one.
pub async fn plan(desk: &Desk, dossier: &Dossier, named: &[String], to: Option<&str>) -> Result<Vec<Line>, AppError> {
    desk.records().await?.sound()?;
    let dismissed = dismissed(dossier, named)?;
    let lines = lines(desk, dossier, to)?;
    let planned = join_all(lines.into_iter().map(|line| plan_one(desk, dossier, line, &dismissed))).await;
    Ok(planned.into_iter().flatten().collect())
}

/// The findings with a dismissal in force, or those of them that are named.
fn dismissed<'a>(dossier: &'a Dossier, named: &[String]) -> Result<Vec<&'a Triaged>, AppError> {
    let all = dossier.findings.iter().filter(|t| t.dismissal.is_some());
    if named.is_empty() {
        return Ok(all.collect());
    }
    let wanted = triage::select(dossier, named)?;
    let found: Vec<&Triaged> = all.filter(|t| wanted.iter().any(|f| f.fingerprint == t.finding.fingerprint)).collect();
    match wanted.iter().find(|f| !found.iter().any(|t| t.finding.fingerprint == f.fingerprint)) {
        None => Ok(found),
        Some(open) => {
            let what = format!("{} {} ({})", open.fingerprint.short(), open.rule.line(), open.place());
            Err(AppError::usage(format!("{what} has no dismissal in force, so there is nothing to push."))
                .hint("`countersign dismiss` signs one."))
        }
    }
}

/// The service's lines of `push`.
fn lines<'a>(desk: &'a Desk, dossier: &Dossier, to: Option<&str>) -> Result<Vec<&'a PushConfig>, AppError> {
    let service = dossier.service.as_ref().and_then(|name| desk.config.service.iter().find(|s| s.name == *name));
    let all = service.map(|s| s.push.as_slice()).unwrap_or_default();
    let chosen: Vec<&PushConfig> = all.iter().filter(|line| to.is_none_or(|to| line.to == to)).collect();
    if !chosen.is_empty() {
        return Ok(chosen);
    }
    let release = dossier.release.short();
    let error = match (to, all) {
        (_, []) => {
            AppError::usage(format!("The configuration names no system that dismissals of {release} are pushed to."))
        }
        (to, _) => AppError::usage(format!("Dismissals of {release} are not pushed to {:?}.", to.unwrap_or_default())),
    };
    let names: Vec<&str> = all.iter().map(|l| l.to.as_str()).collect();
    Err(error.hint(match names.as_slice() {
        [] => "Name them in its [[service]]: push = [{ to = \"sonar\" }].".to_owned(),
        some => format!("Its [[service]] names in push: {}.", some.join(", ")),
    }))
}

/// One line of `push`. Dismissals are planned one after another: a system is not to be asked for everything at once.
async fn plan_one(desk: &Desk, dossier: &Dossier, line: &PushConfig, dismissed: &[&Triaged]) -> Vec<Line> {
    let place = place(desk, dossier, line);
    let tracker = match desk.trackers.get(&line.to) {
        Some(tracker) => tracker.clone(),
        None => Err(Reason::new("setup", format!("The connection {} takes no dismissals.", line.to))),
    };
    let mut planned = Vec::new();
    for triaged in dismissed {
        let Some(carried) = &triaged.dismissal else { continue };
        let (dismissal, finding) = (carried.dismissal.clone(), triaged.finding.clone());
        let told = Told { dismissal, finding, place: place.clone().unwrap_or_default() };
        let plans = match (&tracker, &place) {
            (Err(reason), _) | (_, Err(reason)) => Err(reason.clone()),
            (Ok(tracker), Ok(_)) => tracker.plan(&told).await.map_err(|fault| fault.reason()),
        };
        let to = line.to.clone();
        match plans {
            Ok(plans) => {
                planned.extend(plans.into_iter().map(|plan| Line {
                    to: to.clone(),
                    told: told.clone(),
                    plan: Ok(plan),
                }));
            }
            Err(reason) => planned.push(Line { to, told, plan: Err(reason) }),
        }
    }
    planned
}

/// Where the release's findings are in a system, templates filled in.
fn place(desk: &Desk, dossier: &Dossier, line: &PushConfig) -> Result<Place, Reason> {
    let (release, build) = (&dossier.release, dossier.gate.trigger.build.as_ref());
    let filled = |text: &Option<String>| text.as_deref().map(|t| fill(t, release, build, Stands::Plain)).transpose();
    let mut place = Place {
        project: filled(&line.project)?,
        branch: None,
        version: filled(&line.version)?,
        product: filled(&line.product)?,
        engagement: filled(&line.engagement)?,
        repository: filled(&line.repository)?,
    };
    // Where findings are read from the same connection, it is said there already what they are of.
    let service = dossier.service.as_ref().and_then(|name| desk.config.service.iter().find(|s| s.name == *name));
    let source = service.and_then(|s| s.findings.iter().find(|f| f.from.as_ref() == Some(&line.to)));
    if let (None, Some(source)) = (&place.project, source) {
        place.project = filled(&source.project)?;
        place.branch = filled(&source.branch)?;
    }
    Ok(place)
}

/// Carries one line out, if all still stands as it was planned. What is about to be sent is in the ledger before, and
/// what came of it after.
pub async fn carry_out(desk: &Desk, line: &Line) -> Result<Outcome, AppError> {
    if desk.readonly {
        return Err(AppError::usage("Nothing is pushed with --readonly."));
    }
    match (&line.plan, desk.trackers.get(&line.to)) {
        (Ok(plan), Some(Ok(tracker))) => {
            let Step::Write(requests) = &plan.step else { return Ok(foreseen(line)) };
            record::keep(desk, line, plan, requests, None).await?;
            let outcome = tracker::carry_out(tracker.as_ref(), &line.told, plan, &desk.clock).await;
            record::keep(desk, line, plan, requests, Some(&outcome)).await?;
            Ok(outcome)
        }
        (Ok(_), Some(Err(reason))) => Ok(Outcome::Refused(reason.text.line().into_owned())),
        (Ok(_), None) => Ok(Outcome::Refused(format!("The connection {} takes no dismissals.", line.to))),
        (Err(_), _) => Ok(foreseen(line)),
    }
}

/// The full address of a request.
pub fn address(desk: &Desk, to: &str, request: &Request) -> String {
    match desk.trackers.get(to) {
        Some(Ok(tracker)) => tracker.uri(&request.path),
        _ => request.path.clone(),
    }
}

/// How many of the lines have something to be sent.
pub fn writes(lines: &[Line]) -> usize {
    let writes = |line: &&Line| matches!(&line.plan, Ok(Plan { step: Step::Write(_), .. }));
    lines.iter().filter(writes).count()
}

/// What a plan comes to that is not carried out: what would be sent is taken for done.
pub fn foreseen(line: &Line) -> Outcome {
    match &line.plan {
        Err(reason) => Outcome::Refused(reason.text.line().into_owned()),
        Ok(plan) => match &plan.step {
            Step::Already | Step::Write(_) => Outcome::Already,
            Step::Cannot(reason) => Outcome::Refused(reason.text.line().into_owned()),
            Step::Absent(reason) => Outcome::Absent(reason.text.line().into_owned()),
        },
    }
}

/// What did not come about, as the error that the command ends with. `outcomes` are in the order of the lines. That a
/// system does not have a finding is no error, unless it was named and no system has it.
pub fn check(lines: &[Line], outcomes: &[Outcome], named: bool) -> Result<(), AppError> {
    let (mut unread, mut refused, mut unknown) = (0, 0, 0);
    let (mut absent, mut held) = (BTreeSet::new(), BTreeSet::new());
    for (line, outcome) in lines.iter().zip(outcomes) {
        let finding = line.told.finding.fingerprint;
        match outcome {
            _ if line.plan.is_err() => unread += 1,
            Outcome::Seen | Outcome::Already => drop(held.insert(finding)),
            Outcome::Absent(_) => drop(absent.insert(finding)),
            Outcome::Refused(_) => refused += 1,
            Outcome::Unknown(_) => unknown += 1,
        }
    }
    let nowhere = if named { absent.difference(&held).count() } else { 0 };
    let all = lines.len();
    let error = |kind, text: String| Err(AppError::new(kind, text));
    if unread > 0 {
        error(ErrorKind::Incomplete, format!("{unread} of {all} could not be planned; see above."))
    } else if refused > 0 {
        error(ErrorKind::Refused, format!("{refused} of {all} could not be done; see above."))
    } else if unknown > 0 {
        error(ErrorKind::Unknown, format!("{unknown} of {all} were sent, and were not seen to be done; see above."))
    } else if nowhere > 0 || (named && lines.is_empty()) {
        error(ErrorKind::Refused, "Of what was named, not all is tracked in a system that can be told.".to_owned())
    } else {
        Ok(())
    }
}
