//! Who is behind a build: what Jenkins exports of its causes, by their class.
//!
//! The sentence that people see is translated, and everybody can give themselves a name that looks like one of its parts.
//! So it is read only where Jenkins has nothing else: of pushes, whose class has no other field, and of answers without a
//! class. A cause that names nobody, and is not of a kind that has nobody, is given as it is: it must not look as if
//! nobody had started the build.

use serde::Deserialize;

use crate::domain::build::Starter;

/// How deep causes may lie in one another in an answer.
const DEPTH: usize = 8;

/// Kinds that have nobody behind them, or only whoever pushed, whom the changes name.
const NOBODY: [&str; 4] = [
    "hudson.triggers.TimerTrigger$TimerTriggerCause",
    "hudson.triggers.SCMTrigger$SCMTriggerCause",
    "jenkins.branch.BranchEventCause",
    "jenkins.branch.BranchIndexingCause",
];
/// A run with another script. Who did that stands beside it, as a cause of its own.
const REPLAY: &str = "org.jenkinsci.plugins.workflow.cps.replay.ReplayCause";
/// Pushes that a plug-in heard of; their sentences are not translated.
const PUSHES: [&str; 2] = ["com.cloudbees.jenkins.GitHubPushCause", "com.cloudbees.jenkins.plugins.BitBucketPushCause"];
/// How the sentence of a push begins. With the branch between, it goes on ` to BRANCH by WHO`.
const PUSHED: [&str; 3] = ["Started by GitHub push", "Started by GitLab push", "Started by BitBucket push"];
/// How the sentence of a start by hand begins.
const STARTED: &str = "Started by user ";

/// What is asked of a build's causes. Jenkins leaves out what a kind does not have.
pub(super) fn tree() -> String {
    const FIELDS: &str = "_class,shortDescription,userId,userName,data[userUsername,userName,userEmail],\
        upstreamProject,upstreamBuild";
    format!("causes[{FIELDS},upstreamCauses[{FIELDS},upstreamCauses[{FIELDS}]]]")
}

/// A cause, as Jenkins exports it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Cause {
    #[serde(rename = "_class")]
    class: Option<String>,
    short_description: Option<String>,
    user_id: Option<String>,
    user_name: Option<String>,
    // Of GitLab's plug-in.
    data: Option<GitLab>,
    upstream_project: Option<String>,
    upstream_build: Option<u64>,
    // Jenkins itself does not export them; a plug-in may.
    upstream_causes: Option<Vec<Self>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct GitLab {
    #[serde(rename = "userUsername")]
    login: Option<String>,
    #[serde(rename = "userName")]
    name: Option<String>,
    #[serde(rename = "userEmail")]
    mail: Option<String>,
}

/// A build that started another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Upstream {
    pub job: String,
    pub number: u64,
}

/// What causes come to.
#[derive(Debug, Default)]
pub(super) struct Behind {
    pub starters: Vec<Starter>,
    /// The builds whose causes are to be asked for, each with what is given if they cannot be read.
    pub upstream: Vec<(Upstream, Starter)>,
}

impl Cause {
    /// The sentence that people see.
    pub(super) fn said(&self) -> Option<String> {
        self.short_description.clone()
    }

    fn person(&self) -> Option<Starter> {
        let text = |t: &Option<String>| t.clone().filter(|t| !crate::text::is_blank(t));
        let known = |login: Option<String>, name: Option<String>, pushed| {
            let name = name.or_else(|| login.clone())?;
            Some(Starter { login: login.map(Into::into), name: name.into(), pushed })
        };
        let data = self.data.as_ref();
        known(text(&self.user_id), text(&self.user_name), false).or_else(|| {
            let data = data?;
            known(text(&data.login).or_else(|| text(&data.mail)), text(&data.name), true)
        })
    }

    /// Who pushed or started it, by the sentence.
    fn by_words(&self) -> Option<Starter> {
        let text = self.short_description.as_deref()?;
        let class = self.class.as_deref();
        let named = |who: &str, pushed| {
            let name = who.trim().to_owned();
            (!crate::text::is_blank(&name)).then(|| Starter { login: None, name: name.into(), pushed })
        };
        if class.is_none_or(|c| PUSHES.contains(&c)) {
            let rest = PUSHED.iter().find_map(|p| {
                let begins = text.get(..p.len()).is_some_and(|head| head.eq_ignore_ascii_case(p));
                begins.then(|| text.get(p.len()..)).flatten()
            });
            if let Some(rest) = rest {
                // A branch may have " by " in its name, and a login has no blanks.
                let who = rest.strip_prefix(" by ").or_else(|| rest.rsplit_once(" by ").map(|(_, who)| who));
                return named(who?, true);
            }
        }
        if class.is_none() { named(text.strip_prefix(STARTED)?, false) } else { None }
    }

    /// The cause itself, to be shown as somebody whom nobody can place.
    fn itself(&self) -> Starter {
        let upstream = self.upstream_project.as_ref().map(|p| {
            let build = self.upstream_build.map(|n| format!(" #{n}")).unwrap_or_default();
            format!("whoever started {p}{build}")
        });
        let said = || self.short_description.clone().filter(|t| !crate::text::is_blank(t));
        let name = upstream.or_else(said).or_else(|| self.class.clone());
        Starter { login: None, name: name.unwrap_or_else(|| "a cause without a name".to_owned()).into(), pushed: false }
    }
}

/// Who is behind causes.
pub(super) fn behind<'a>(causes: impl Iterator<Item = &'a Cause>) -> Behind {
    let mut out = Behind::default();
    look(causes, DEPTH, &mut out);
    out.starters.sort();
    out.starters.dedup();
    out
}

fn look<'a>(causes: impl Iterator<Item = &'a Cause>, depth: usize, out: &mut Behind) {
    let (mut replayed, mut somebody) = (None, false);
    for cause in causes {
        let class = cause.class.as_deref();
        let nested = cause.upstream_causes.as_ref().filter(|n| !n.is_empty());
        if let Some(person) = cause.person() {
            somebody = true;
            out.starters.push(person);
        } else if let (Some(nested), Some(depth)) = (nested, depth.checked_sub(1)) {
            look(nested.iter(), depth, out);
        } else if let (Some(job), Some(number), None) = (&cause.upstream_project, cause.upstream_build, nested) {
            out.upstream.push((Upstream { job: job.clone(), number }, cause.itself()));
        } else if let Some(person) = cause.by_words() {
            out.starters.push(person);
        } else if class == Some(REPLAY) {
            replayed = Some(cause.itself());
        } else if !class.is_some_and(|c| NOBODY.contains(&c)) {
            out.starters.push(cause.itself());
        }
    }
    out.starters.extend(replayed.filter(|_| !somebody));
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Who is behind them: `login`, `name`, and `+` for whoever pushed; then what must be asked for.
    fn who(causes: &Value) -> Vec<String> {
        let causes: Vec<Cause> = serde_json::from_value(causes.clone()).unwrap();
        let behind = behind(causes.iter());
        let person = |s: &Starter| {
            let login = s.login.as_ref().map_or("-", crate::text::Untrusted::raw);
            format!("{login} {}{}", s.name.raw(), if s.pushed { " +" } else { "" })
        };
        let asked = behind.upstream.iter().map(|(u, _)| format!("? {} {}", u.job, u.number));
        behind.starters.iter().map(person).chain(asked).collect()
    }

    #[test]
    fn who_started_a_build_is_told_by_its_fields_in_every_language() {
        for text in ["Started by user Ana Example", "Gestartet durch Benutzer Ana Example", "Démarré par Ana Example"]
        {
            let cause = json!([{"_class": "hudson.model.Cause$UserIdCause", "shortDescription": text, "userId": "ana",
                "userName": "Ana Example"}]);
            assert_eq!(who(&cause), ["ana Ana Example"], "{text}");
        }
        // Of a class that is not known, and of one that only has the name.
        let plugin = json!([{"_class": "org.example.RebuildCause", "shortDescription": "Rebuilds #7", "userId": "ben"},
            {"_class": "hudson.model.Cause$UserCause", "shortDescription": "Started by user Cem", "userName": "Cem"}]);
        assert_eq!(who(&plugin), ["- Cem", "ben ben"]);
        let nobody = json!([{"_class": "hudson.model.Cause$UserIdCause", "userId": null, "userName": "anonymous"}]);
        assert_eq!(who(&nobody), ["- anonymous"]);
    }

    #[test]
    fn a_replay_is_of_whoever_replayed() {
        let replay = json!({"_class": REPLAY, "shortDescription": "Replayed #1"});
        let user = json!({"_class": "hudson.model.Cause$UserIdCause", "userId": "ana", "userName": "Ana"});
        assert_eq!(who(&json!([user, replay])), ["ana Ana"]);
        assert_eq!(who(&json!([replay])), ["- Replayed #1"]);
    }

    #[test]
    fn what_is_not_understood_is_not_passed_over() {
        let odd = json!([{"_class": "hudson.model.Cause$RemoteCause", "shortDescription": "Started by remote host 10.0.0.1"},
            {"_class": "com.sonyericsson.hudson.plugins.gerrit.trigger.hudsontrigger.GerritCause", "shortDescription": "Triggered by"},
            {"_class": "org.example.NamelessCause"}, {}]);
        let all = [
            "- Started by remote host 10.0.0.1",
            "- Triggered by",
            "- a cause without a name",
            "- org.example.NamelessCause",
        ];
        assert_eq!(who(&odd), all);
        // Only the sentence looks like a user, and the class says that it is none.
        let forged =
            json!([{"_class": "hudson.model.Cause$RemoteCause", "shortDescription": "Started by user mallory"}]);
        assert_eq!(who(&forged), ["- Started by user mallory"]);
        let timer = json!([{"_class": NOBODY[0], "shortDescription": "Started by timer"}, {"_class": NOBODY[2]}]);
        assert!(who(&timer).is_empty());
    }

    #[test]
    fn causes_lie_in_one_another() {
        let user = json!({"_class": "hudson.model.Cause$UserIdCause", "userId": "ana", "userName": "Ana"});
        let up = |inner: Value| {
            json!([{"_class": "hudson.model.Cause$UpstreamCause", "shortDescription": "Started by upstream",
                "upstreamProject": "team/up", "upstreamBuild": 7, "upstreamCauses": inner}])
        };
        assert_eq!(who(&up(up(json!([user])))), ["ana Ana"]);
        assert_eq!(who(&up(json!([]))), ["? team/up 7"]);
        assert_eq!(who(&up(up(Value::Null))), ["? team/up 7"]);
        // Too deep: said, and not passed over.
        let deep = (0..20).fold(json!([user]), |inner, _| up(inner));
        assert_eq!(who(&deep), ["- whoever started team/up #7"]);
    }

    #[test]
    fn pushes_are_read_in_their_words() {
        let push = |class: &str, text: &str| who(&json!([{"_class": class, "shortDescription": text}]));
        assert_eq!(push(PUSHES[0], "Started by GitHub push by ben"), ["- ben +"]);
        assert_eq!(push(PUSHES[0], "Started by GitHub push to refs/heads/go by bus by ben"), ["- ben +"]);
        assert_eq!(push(PUSHES[0], "Started by GitHub push by "), ["- Started by GitHub push by "]);
        assert_eq!(push(PUSHES[1], "Started by BitBucket push by ben"), ["- ben +"]);
        let gitlab = json!([{"_class": "com.dabsquared.gitlabjenkins.cause.GitLabWebHookCause",
            "data": {"userUsername": "ben", "userName": "Ben Example", "userEmail": "ben@x"}, "shortDescription": "x"}]);
        assert_eq!(who(&gitlab), ["ben Ben Example +"]);
        // Old answers have the sentence alone.
        for (text, person) in [
            ("Started by user Ana", "- Ana"),
            ("Started by GitLab push by Ben", "- Ben +"),
            ("Started by Bitbucket push by Ben", "- Ben +"),
            ("Started by an SCM change", "- Started by an SCM change"),
        ] {
            assert_eq!(who(&json!([{"shortDescription": text}])), [person], "{text}");
        }
    }
}
