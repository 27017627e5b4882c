//! Whom the evidence names as author, trigger or pusher of a release.

use crate::domain::change::{ChangeSet, Commit};
use crate::domain::dossier::Dossier;
use crate::domain::quorum::{Excluded, Exclusion};
use crate::text::Untrusted;
use crate::trust::approvers::{Approvers, plain};

/// The forge itself, where it merges for somebody.
const FORGE: [&str; 2] = ["web-flow", "noreply@github.com"];
/// How Jenkins names whoever pushed.
const PUSHES: [&str; 3] = ["Started by GitHub push by ", "Started by GitLab push by ", "Started by Bitbucket push by "];
/// How Jenkins names whoever started a build by hand.
const STARTS: &str = "Started by user ";

/// Everybody whom a dossier's changes, builds and run name, sorted, each name once for each reason.
///
/// A name that the approvers file has is given with the person. Of a commit's names the mail and the login are given;
/// the name in words only if there is nothing else, or if the approvers file has it.
pub fn of(dossier: &Dossier, approvers: Option<&Approvers>) -> Vec<Excluded> {
    let mut names: Vec<(Exclusion, String)> = Vec::new();
    let mut add = |reason, name: &Untrusted| names.push((reason, name.raw().trim().to_owned()));
    for set in dossier.changes() {
        for commit in &set.commits {
            for name in authors(commit, approvers) {
                add(Exclusion::Author, name);
            }
        }
        for name in pusher(set, approvers) {
            add(Exclusion::Pusher, name);
        }
    }
    for build in dossier.builds() {
        for change in &build.changes {
            add(Exclusion::Author, &change.author);
        }
        for cause in &build.causes {
            let text = cause.raw();
            if let Some(who) = PUSHES.iter().find_map(|p| text.strip_prefix(p)) {
                add(Exclusion::Pusher, &who.into());
            } else if let Some(who) = text.strip_prefix(STARTS) {
                add(Exclusion::Trigger, &who.into());
            }
        }
    }
    if let Some(who) = &dossier.gate.started_by {
        add(Exclusion::Trigger, who);
    }
    let mut out: Vec<Excluded> = names
        .into_iter()
        .filter(|(_, name)| !crate::text::is_blank(name) && !FORGE.contains(&plain(name).as_str()))
        .map(|(reason, name)| {
            let people = approvers.map(|a| a.people_named(&name)).unwrap_or_default();
            // A name of two people is given without: both are excluded by it.
            let principal = match people.as_slice() {
                [one] => Some(one.principal.clone()),
                _ => None,
            };
            Excluded { name: name.into(), principal, reason }
        })
        .collect();
    out.sort();
    out.dedup();
    out
}

/// The names of whoever wrote a commit.
fn authors<'a>(commit: &'a Commit, approvers: Option<&Approvers>) -> Vec<&'a Untrusted> {
    named([commit.author_email.as_ref(), commit.login.as_ref()], &commit.author, approvers)
}

fn named<'a>(
    exact: [Option<&'a Untrusted>; 2],
    words: &'a Untrusted,
    approvers: Option<&Approvers>,
) -> Vec<&'a Untrusted> {
    let mut out: Vec<&Untrusted> = exact.into_iter().flatten().filter(|n| !n.is_empty()).collect();
    if out.is_empty() || approvers.is_some_and(|a| !a.people_named(words.raw()).is_empty()) {
        out.push(words);
    }
    out
}

/// Whoever brought the newest commit: its committer, or its author where the forge committed it.
fn pusher<'a>(set: &'a ChangeSet, approvers: Option<&Approvers>) -> Vec<&'a Untrusted> {
    let head = set.head.as_ref().and_then(|h| set.commits.iter().find(|c| c.sha.raw().eq_ignore_ascii_case(h.raw())));
    let Some(commit) = head.or(set.commits.first()) else { return Vec::new() };
    let forge = |name: &Untrusted| FORGE.contains(&plain(name.raw()).as_str());
    match &commit.committer {
        Some(by) if !by.login.as_ref().is_some_and(forge) && !by.email.as_ref().is_some_and(forge) => {
            named([by.email.as_ref(), by.login.as_ref()], &by.name, approvers)
        }
        _ => authors(commit, approvers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::change::Committer;

    fn commit(sha: &str, email: Option<&str>, login: Option<&str>, name: &str) -> Commit {
        Commit {
            sha: sha.into(),
            message: "m".into(),
            author: name.into(),
            author_email: email.map(Into::into),
            login: login.map(Into::into),
            time: None,
            verified: None,
            committer: None,
        }
    }

    fn raw(names: Vec<&Untrusted>) -> Vec<&str> {
        names.into_iter().map(Untrusted::raw).collect()
    }

    #[test]
    fn a_commits_author_is_named_exactly_where_that_is_known() {
        let known = commit("1", Some("ana@x"), Some("ana"), "Ana");
        assert_eq!(raw(authors(&known, None)), ["ana@x", "ana"]);
        let words = commit("1", None, None, "Ana");
        assert_eq!(raw(authors(&words, None)), ["Ana"]);
    }

    #[test]
    fn the_pusher_is_who_committed_the_head_and_never_the_forge() {
        let by = |email: &str, login: Option<&str>| {
            Some(Committer { name: "N".into(), email: Some(email.into()), login: login.map(Into::into) })
        };
        let mut set = ChangeSet { head: Some("B".into()), ..ChangeSet::default() };
        set.commits = vec![commit("a", Some("cem@x"), None, "Cem"), commit("b", Some("ana@x"), Some("ana"), "Ana")];
        assert_eq!(raw(pusher(&set, None)), ["ana@x", "ana"], "the head, and not the first that is listed");
        set.commits[1].committer = by("ben@x", Some("ben"));
        assert_eq!(raw(pusher(&set, None)), ["ben@x", "ben"]);
        set.commits[1].committer = by("noreply@github.com", Some("web-flow"));
        assert_eq!(raw(pusher(&set, None)), ["ana@x", "ana"], "what the forge merged is its author's");
        set.head = None;
        assert_eq!(raw(pusher(&set, None)), ["cem@x"]);
        assert!(pusher(&ChangeSet::default(), None).is_empty());
    }
}
