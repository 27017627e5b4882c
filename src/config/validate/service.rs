//! One service: what belongs to its releases.

mod provenance;
mod push;

use super::Sink;
use crate::config::error::meant;
use crate::config::schema::{Config, ConnectionKind, FindingsConfig, ServiceConfig};
use crate::config::template;
use crate::domain::evidence::Kind;
use crate::domain::finding::Class;

pub(super) fn check(key: &str, service: &ServiceConfig, config: &Config, sink: &mut Sink<'_>) {
    if service.name.is_empty() {
        sink.at(&format!("{key}.name"), "A service needs a name.");
    }
    if service.environments.is_empty() {
        sink.at(&format!("{key}.environments"), "A service needs at least one environment: environments = [\"prod\"].");
    }
    let gate = format!("{key}.gate");
    if service.gate.application.is_empty() {
        sink.at(&gate, "A service needs a gate: gate = { from = \"spinnaker\", application = \"..\" }.");
    }
    let mut from = Connections { config, sink };
    from.check(&gate, &service.gate.from, ConnectionKind::Spinnaker);
    for (n, builds) in service.builds.iter().enumerate() {
        let key = format!("{key}.builds[{n}]");
        from.check(&key, &builds.from, ConnectionKind::Jenkins);
        from.template(&format!("{key}.job"), builds.job.as_deref());
    }
    for (n, tickets) in service.tickets.iter().enumerate() {
        let key = format!("{key}.tickets[{n}]");
        from.check(&key, &tickets.from, ConnectionKind::Jira);
        if tickets.jql.is_some() == tickets.keys_in.is_some() {
            from.sink.at(&key, "Tickets are found by jql or by keys_in = \"changes\": give exactly one of them.");
        }
        if tickets.keys_in.is_some() && service.changes.is_empty() {
            let message = "keys_in = \"changes\" needs changes = [..]: the keys are in the messages of its commits.";
            from.sink.at(&format!("{key}.keys_in"), message);
        }
        from.template(&format!("{key}.jql"), tickets.jql.as_deref());
    }
    for (n, findings) in service.findings.iter().enumerate() {
        from.findings(&format!("{key}.findings[{n}]"), findings);
    }
    for (n, line) in service.provenance.iter().enumerate() {
        provenance::check(&format!("{key}.provenance[{n}]"), line, &mut from);
    }
    for (n, line) in service.push.iter().enumerate() {
        push::check(&format!("{key}.push[{n}]"), line, &mut from);
    }
    for (n, changes) in service.changes.iter().enumerate() {
        let key = format!("{key}.changes[{n}]");
        from.check(&key, &changes.from, ConnectionKind::Github);
        let parts: Vec<&str> = changes.repository.split('/').collect();
        if parts.len() != 2 || parts.iter().any(|p| p.is_empty()) {
            from.sink.at(&format!("{key}.repository"), "repository is owner/name, as in the address of its page.");
        }
        from.template(&format!("{key}.repository"), Some(&changes.repository));
    }
    if let Some(dismissals) = service.dismissals.filter(|d| !(1..=9).contains(&d.people)) {
        let message = format!("{} people cannot be needed to dismiss a finding: give 1 to 9.", dismissals.people);
        sink.at(&format!("{key}.dismissals.people"), message);
    }
    for (n, entry) in service.required.iter().enumerate() {
        required(&format!("{key}.required[{n}]"), entry, service, sink);
    }
}

/// That a service is not shadowed by one before it: of the same name, or at the same gate for the same environment.
pub(super) fn reachable(n: usize, config: &Config, sink: &mut Sink<'_>) {
    let Some((service, before)) = config.service.get(n).zip(config.service.get(..n)) else { return };
    let name = crate::text::line(&service.name);
    if let Some(m) = before.iter().position(|b| b.name == service.name && !b.name.is_empty()) {
        let first = sink.place(&format!("service[{m}].name"));
        let message = format!(
            "There is a service \"{name}\" already, at {first}: what is said of its releases would be said of both. Give \
             one of them another name."
        );
        return sink.at(&format!("service[{n}].name"), message);
    }
    let shadows = |b: &ServiceConfig| {
        // A service with one environment takes every gate that is its.
        let all = b.environments.len() == 1;
        let same = |e: &String| b.environments.iter().any(|o| o.eq_ignore_ascii_case(e));
        b.gate == service.gate && !b.gate.application.is_empty() && (all || service.environments.iter().any(same))
    };
    if let Some((m, other)) = before.iter().enumerate().find(|(_, b)| shadows(b)) {
        let first = sink.place(&format!("service[{m}].gate"));
        let message = format!(
            "The service \"{name}\" has the gate of \"{}\", at {first}, which takes its releases: it would never be \
             matched. Tell them apart by pipeline, or by environments that are in one of them only.",
            crate::text::line(&other.name)
        );
        sink.at(&format!("service[{n}].gate"), message);
    }
}

struct Connections<'a, 'b> {
    config: &'a Config,
    sink: &'a mut Sink<'b>,
}

impl Connections<'_, '_> {
    /// That a connection exists and is of the right kind.
    fn check(&mut self, key: &str, from: &str, kind: ConnectionKind) {
        if from.is_empty() {
            self.sink.at(key, format!("from is missing: name a connection of kind \"{}\".", kind.word()));
            return;
        }
        let key = format!("{key}.from");
        match self.config.connections.get(from) {
            Some(connection) if connection.kind == kind => {}
            Some(connection) => {
                let message = format!(
                    "The connection \"{}\" is of kind \"{}\", and one of kind \"{}\" is needed here.",
                    crate::text::line(from),
                    connection.kind.word(),
                    kind.word()
                );
                self.sink.at(&key, message);
            }
            None => {
                let names = self.config.connections.keys().map(String::as_str);
                let message = format!("There is no connection \"{}\". {}", crate::text::line(from), meant(from, names));
                self.sink.at(&key, message);
            }
        }
    }

    fn template(&mut self, key: &str, text: Option<&str>) {
        if let Some(Err(bad)) = text.map(template::parse) {
            self.sink.at(key, bad.to_string());
        }
    }

    fn findings(&mut self, key: &str, findings: &FindingsConfig) {
        let from = findings.from.as_deref().unwrap_or_default();
        match (&findings.project, &findings.artifacts, &findings.path) {
            (Some(_), None, None) => self.check(key, from, ConnectionKind::Sonarqube),
            (None, Some(pattern), None) => {
                self.check(key, from, ConnectionKind::Jenkins);
                if let Err(e) = glob::Pattern::new(pattern) {
                    self.sink.at(&format!("{key}.artifacts"), format!("This is not a pattern of paths: {}.", e.msg));
                }
            }
            (None, None, Some(_)) => {
                if findings.from.is_some() {
                    self.sink.at(&format!("{key}.from"), "path is a folder of this machine, and takes no from.");
                }
            }
            _ => {
                let message = "Findings are found by project (SonarQube), by artifacts (Jenkins) or by path (a folder): \
                               give exactly one of them.";
                self.sink.at(key, message);
            }
        }
        if findings.branch.is_some() && findings.project.is_none() {
            self.sink.at(&format!("{key}.branch"), "branch goes with project.");
        }
        self.template(&format!("{key}.project"), findings.project.as_deref());
        self.template(&format!("{key}.branch"), findings.branch.as_deref());
        self.template(&format!("{key}.path"), findings.path.as_deref());
    }
}

/// An entry of `required`: known, and something that the service says where to find.
fn required(key: &str, entry: &str, service: &ServiceConfig, sink: &mut Sink<'_>) {
    let (word, class) = entry.split_once(':').map_or((entry, None), |(word, class)| (word, Some(class)));
    let shown = crate::text::line(entry);
    let Some(kind) = Kind::ALL.into_iter().find(|k| k.word() == word) else {
        let message = format!("There is no evidence \"{shown}\". {}", meant(word, Kind::ALL.map(Kind::word)));
        return sink.at(key, message);
    };
    match class {
        Some(_) if kind != Kind::Findings => {
            return sink.at(key, format!("\"{shown}\": only findings have classes. Write \"{word}\"."));
        }
        Some(class) if Class::from_word(class).is_none() => {
            let message = format!(
                "There is no class of findings \"{}\". {}",
                crate::text::line(class),
                meant(class, Class::ALL.map(Class::word))
            );
            return sink.at(key, message);
        }
        _ => {}
    }
    let sources = match kind {
        Kind::Builds => service.builds.len(),
        Kind::Tickets => service.tickets.len(),
        Kind::Findings => service.findings.len(),
        Kind::Changes => service.changes.len(),
        Kind::Provenance => service.provenance.len(),
    };
    if sources == 0 {
        let message =
            format!("\"{shown}\" is required, and the service does not say where its {word} are: it could never pass.");
        sink.at(key, message);
    }
}
