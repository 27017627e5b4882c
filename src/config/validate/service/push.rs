//! One line of `push`: a system that is told of dismissals.

use super::Connections;
use crate::config::error::meant;
use crate::config::schema::{ConnectionKind, PushConfig};

/// That the connection is there and can be told, and that what says where to look fits its kind.
pub(super) fn check(key: &str, line: &PushConfig, from: &mut Connections<'_, '_>) {
    let config = from.config;
    let places = [
        ("project", &line.project),
        ("version", &line.version),
        ("product", &line.product),
        ("engagement", &line.engagement),
        ("repository", &line.repository),
    ];
    for (name, value) in places {
        from.template(&format!("{key}.{name}"), value.as_deref());
    }
    if line.to.is_empty() {
        return from.sink.at(key, "to is missing: name the connection that is told of dismissals.");
    }
    let shown = crate::text::line(&line.to);
    let Some(connection) = config.connections.get(&line.to) else {
        let names = config.connections.keys().map(String::as_str);
        let message = format!("There is no connection \"{shown}\". {}", meant(&line.to, names));
        return from.sink.at(&format!("{key}.to"), message);
    };
    let kind = connection.kind;
    let Some((needed, allowed)) = fits(kind) else {
        let message = format!("The connection \"{shown}\" is of kind \"{}\", which takes no dismissals.", kind.word());
        return from.sink.at(&format!("{key}.to"), message);
    };
    for (name, value) in places {
        let given = value.as_ref().is_some_and(|v| !v.is_empty());
        if !given && needed == Some(name) {
            from.sink.at(key, format!("A connection of kind \"{}\" needs {name}: it says where to look.", kind.word()));
        } else if value.is_some() && needed != Some(name) && !allowed.contains(&name) {
            from.sink
                .at(&format!("{key}.{name}"), format!("{name} is not for connections of kind \"{}\".", kind.word()));
        }
    }
}

/// What a kind needs to be told, and what it may be told beside it; `None`: it takes no dismissals.
fn fits(kind: ConnectionKind) -> Option<(Option<&'static str>, &'static [&'static str])> {
    match kind {
        ConnectionKind::Sonarqube => Some((None, &[])),
        ConnectionKind::DependencyTrack => Some((Some("project"), &["version"])),
        ConnectionKind::Defectdojo => Some((Some("product"), &["engagement"])),
        ConnectionKind::Github => Some((Some("repository"), &[])),
        ConnectionKind::Spinnaker | ConnectionKind::Jenkins | ConnectionKind::Jira => None,
    }
}
