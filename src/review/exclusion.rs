//! Whom the evidence names as author, trigger or pusher of a release.

use crate::domain::build::Starter;
use crate::domain::change::{ChangeSet, Commit, Committer};
use crate::domain::dossier::Dossier;
use crate::domain::quorum::{Excluded, Exclusion};
use crate::text::Untrusted;
use crate::trust::approvers::{Approvers, plain};

/// The forge itself, where it merges for somebody.
const FORGE: [&str; 2] = ["web-flow", "noreply@github.com"];
/// How the trailer of a commit's message begins that names who also wrote it.
const CO_AUTHOR: &str = "co-authored-by";
/// The most co-authors of a commit.
const MOST_CO_AUTHORS: usize = 100;

/// Everybody whom a dossier's changes, builds and run name, sorted, each name once for each reason.
///
/// A name that the approvers file has is given with the person. Of a commit's names the mail and the login are given;
/// the name in words only if there is nothing else that says who it is, or if the approvers file has it.
pub fn of(dossier: &Dossier, approvers: Option<&Approvers>) -> Vec<Excluded> {
    let mut names: Vec<(Exclusion, String)> = Vec::new();
    let mut add = |reason, name: &Untrusted| names.push((reason, name.raw().trim().to_owned()));
    for set in dossier.changes() {
        for commit in &set.commits {
            for name in authors(commit, approvers) {
                add(Exclusion::Author, &name);
            }
        }
        for name in pusher(set, approvers) {
            add(Exclusion::Pusher, &name);
        }
    }
    for build in dossier.builds() {
        for change in &build.changes {
            add(Exclusion::Author, &change.author);
        }
        for starter in &build.starters {
            let reason = if starter.pushed { Exclusion::Pusher } else { Exclusion::Trigger };
            for name in started(starter, approvers) {
                add(reason, &name);
            }
        }
    }
    if let Some(who) = &dossier.gate.started_by {
        add(Exclusion::Trigger, who);
    }
    let mut out: Vec<Excluded> = names
        .into_iter()
        .filter(|(_, name)| !crate::text::is_blank(name))
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

/// The names of whoever wrote a commit, and of whom its message names beside.
fn authors(commit: &Commit, approvers: Option<&Approvers>) -> Vec<Untrusted> {
    let mut out = wrote(commit, approvers);
    for (mail, words) in co_authors(commit.message.raw()) {
        out.extend(named([mail.as_ref(), None], &words, approvers));
    }
    out
}

/// The names of whoever wrote a commit, as git and the forge record it.
fn wrote(commit: &Commit, approvers: Option<&Approvers>) -> Vec<Untrusted> {
    let mut out = named([commit.author_email.as_ref(), commit.login.as_ref()], &commit.author, approvers);
    if made_by_forge(commit) {
        out.retain(|name| !is_forge(name));
    }
    out
}

fn started(starter: &Starter, approvers: Option<&Approvers>) -> Vec<Untrusted> {
    named([starter.login.as_ref(), None], &starter.name, approvers)
}

fn named(exact: [Option<&Untrusted>; 2], words: &Untrusted, approvers: Option<&Approvers>) -> Vec<Untrusted> {
    let mut out: Vec<Untrusted> =
        exact.into_iter().flatten().filter(|n| !crate::text::is_blank(n.raw())).cloned().collect();
    // The forge's own address says nothing of whom it acted for.
    let somebody = out.iter().any(|n| !is_forge(n));
    if !somebody || approvers.is_some_and(|a| !a.people_named(words.raw()).is_empty()) {
        out.push(words.clone());
    }
    out
}

fn is_forge(name: &Untrusted) -> bool {
    FORGE.contains(&plain(name.raw()).as_str())
}

/// Whether a commit is the forge's own. Everybody can write the forge's name into a commit; a signature that the forge
/// verified is over the committer, and the forge has the key of its own address alone.
fn made_by_forge(commit: &Commit) -> bool {
    let committer = match &commit.committer {
        Some(Committer { email, login, .. }) => email.as_ref().or(login.as_ref()),
        // It is the author.
        None => commit.author_email.as_ref().or(commit.login.as_ref()),
    };
    commit.verified == Some(true) && committer.is_some_and(is_forge)
}

/// Whoever brought the newest commit: its committer, or its author where the forge committed it.
fn pusher(set: &ChangeSet, approvers: Option<&Approvers>) -> Vec<Untrusted> {
    let head = set.head.as_ref().and_then(|h| set.commits.iter().find(|c| c.sha.raw().eq_ignore_ascii_case(h.raw())));
    let Some(commit) = head.or(set.commits.first()) else { return Vec::new() };
    match &commit.committer {
        Some(by) if !made_by_forge(commit) => {
            let mut out = named([by.email.as_ref(), by.login.as_ref()], &by.name, approvers);
            // Where it only says that it is the forge's, whoever wrote it may have pushed it as well.
            if out.iter().any(is_forge) {
                out.extend(wrote(commit, approvers));
            }
            out
        }
        _ => wrote(commit, approvers),
    }
}

/// Mail and name of those whom the trailers at the end of a message name as authors.
///
/// All of the last paragraph is read, and the paragraphs before it as long as they are trailers and nothing else: forges
/// put blank lines between them.
fn co_authors(message: &str) -> Vec<(Option<Untrusted>, Untrusted)> {
    let lines: Vec<&str> = message.lines().map(str::trim_end).collect();
    let mut out = Vec::new();
    for (n, paragraph) in lines.split(|l| l.trim().is_empty()).rev().filter(|p| !p.is_empty()).enumerate() {
        let trailers = unfolded(paragraph);
        let only = trailers.iter().all(|line| is_trailer(line));
        if n > 0 && !only {
            break;
        }
        out.extend(trailers.iter().filter_map(|line| co_author(line)));
        if !only || out.len() > MOST_CO_AUTHORS {
            break;
        }
    }
    out.truncate(MOST_CO_AUTHORS);
    out
}

/// The lines of a paragraph; one that begins with a blank goes on with the line before it.
fn unfolded(paragraph: &[&str]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for line in paragraph {
        match out.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => {
                last.push(' ');
                last.push_str(line.trim());
            }
            _ => out.push(line.trim().to_owned()),
        }
    }
    out
}

/// `Token: value`, or the line that `git cherry-pick -x` puts between such.
fn is_trailer(line: &str) -> bool {
    let token = |t: &str| !t.is_empty() && t.trim_end().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    line.split_once(':').is_some_and(|(name, _)| token(name)) || line.starts_with("(cherry picked from commit ")
}

fn co_author(line: &str) -> Option<(Option<Untrusted>, Untrusted)> {
    let (token, value) = line.split_once(':')?;
    if !token.trim().eq_ignore_ascii_case(CO_AUTHOR) {
        return None;
    }
    let value = value.trim();
    let (words, mail) = match value.rsplit_once('<') {
        Some((words, rest)) => (words.trim(), Some(rest.split('>').next().unwrap_or(rest).trim())),
        None => (value, None),
    };
    let mail = mail.filter(|m| !m.is_empty()).map(Untrusted::from);
    Some((mail, words.into()))
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

    fn raw(names: &[Untrusted]) -> Vec<&str> {
        names.iter().map(Untrusted::raw).collect()
    }

    fn by(email: &str, login: Option<&str>) -> Committer {
        Committer { name: "N".into(), email: Some(email.into()), login: login.map(Into::into) }
    }

    #[test]
    fn a_commits_author_is_named_exactly_where_that_is_known() {
        let known = commit("1", Some("ana@x"), Some("ana"), "Ana");
        assert_eq!(raw(&authors(&known, None)), ["ana@x", "ana"]);
        let words = commit("1", None, None, "Ana");
        assert_eq!(raw(&authors(&words, None)), ["Ana"]);
    }

    #[test]
    fn the_pusher_is_who_committed_the_head_and_not_the_forge() {
        let mut set = ChangeSet { head: Some("B".into()), ..ChangeSet::default() };
        set.commits = vec![commit("a", Some("cem@x"), None, "Cem"), commit("b", Some("ana@x"), Some("ana"), "Ana")];
        assert_eq!(raw(&pusher(&set, None)), ["ana@x", "ana"], "the head, and not the first that is listed");
        set.commits[1].committer = Some(by("ben@x", Some("ben")));
        assert_eq!(raw(&pusher(&set, None)), ["ben@x", "ben"]);
        set.commits[1].committer = Some(by("noreply@github.com", Some("web-flow")));
        set.commits[1].verified = Some(true);
        assert_eq!(raw(&pusher(&set, None)), ["ana@x", "ana"], "what the forge merged is its author's");
        set.head = None;
        assert_eq!(raw(&pusher(&set, None)), ["cem@x"]);
        assert!(pusher(&ChangeSet::default(), None).is_empty());
    }

    #[test]
    fn nobody_becomes_the_forge_by_saying_so() {
        for verified in [None, Some(false)] {
            let mut one = commit("a", Some("ana@x"), Some("ana"), "Ana");
            (one.committer, one.verified) = (Some(by("noreply@github.com", None)), verified);
            let set = ChangeSet { commits: vec![one], ..ChangeSet::default() };
            assert_eq!(raw(&pusher(&set, None)), ["noreply@github.com", "N", "ana@x", "ana"], "{verified:?}");
            let mut own = commit("a", Some("NoReply@GitHub.com "), None, "Mallory");
            own.verified = verified;
            assert_eq!(raw(&authors(&own, None)), ["NoReply@GitHub.com ", "Mallory"], "{verified:?}");
        }
        // A signature is over the committer: that it is good says nothing of whom he names as author.
        let mut lent = commit("a", Some("noreply@github.com"), Some("web-flow"), "GitHub");
        (lent.verified, lent.committer) = (Some(true), Some(by("mallory@x", Some("mallory"))));
        assert_eq!(raw(&authors(&lent, None)), ["noreply@github.com", "web-flow", "GitHub"]);
        // The forge's own commit: whom it acted for stands in the name.
        let mut merged = commit("a", Some("noreply@github.com"), None, "Ana Example");
        merged.verified = Some(true);
        assert_eq!(raw(&authors(&merged, None)), ["Ana Example"]);
    }

    #[test]
    fn trailers_name_authors_too() {
        let of = |message: &str| {
            let mut one = commit("a", Some("ana@x"), None, "Ana");
            one.message = message.into();
            authors(&one, None).iter().skip(1).map(|n| n.raw().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(of("Mend it\n\nCo-authored-by: Ben <ben@x>"), ["ben@x"]);
        let squash = "Mend it\r\n\r\n* one\r\n\r\n---------\r\n\r\nco-authored-by: Ben <ben@x>\r\nCO-AUTHORED-BY : Cem\r\n\r\n\
                      Signed-off-by: D <d@x>\r\n";
        assert_eq!(of(squash), ["ben@x", "Cem"]);
        assert_eq!(of("Mend\n\nIt was hard.\nCo-authored-by: Ben\n <ben@x>\n(cherry picked from commit 1)"), ["ben@x"]);
        assert_eq!(of("Mend\n\nCo-authored-by: Web <noreply@github.com>"), ["noreply@github.com", "Web"]);
        assert_eq!(of("Mend\n\nCo-authored-by: <ben@x>\nCo-authored-by: Ben <>"), ["ben@x", "Ben"]);
        // Only at the end: what a message cites is no trailer.
        assert!(of("Mend\n\nCo-authored-by: Ben <ben@x>\n\nand more words").is_empty());
        assert!(of("").is_empty() && of("Mend it: now").is_empty());
        let many = format!("Mend\n\n{}", "Co-authored-by: B <b@x>\n".repeat(5_000));
        assert_eq!(of(&many).len(), MOST_CO_AUTHORS);
    }

    #[test]
    fn who_started_a_build_is_named_by_login() {
        let login = Starter { login: Some("ana".into()), name: "Ana Example".into(), pushed: false };
        assert_eq!(raw(&started(&login, None)), ["ana"]);
        let words = Starter { login: None, ..login };
        assert_eq!(raw(&started(&words, None)), ["Ana Example"]);
    }
}
