//! Which service a gate belongs to, and what release it holds back.

use crate::config::schema::{Config, ServiceConfig};
use crate::domain::gate::Gate;
use crate::domain::release::Release;
use crate::text::Untrusted;

/// A gate with what the configuration makes of it.
#[derive(Debug, Clone)]
pub struct Matched<'a> {
    /// The `[[service]]`; `None`: the gate is shown and cannot be approved.
    pub service: Option<&'a ServiceConfig>,
    /// What the gate holds back.
    pub release: Release,
}

/// Matches a gate with the configuration.
///
/// A service with a `pipeline` is preferred to one without. A service with several environments matches only if the
/// name of one of them stands as a word in the stage's or pipeline's name or is a parameter of the run: a release whose
/// environment is guessed must not be approved.
pub fn match_gate<'a>(config: &'a Config, gate: &Gate) -> Matched<'a> {
    let mut candidates: Vec<&ServiceConfig> = config
        .service
        .iter()
        .filter(|s| {
            s.gate.from == gate.id.connection().as_str()
                && s.gate.application == gate.application.raw()
                && s.gate.pipeline.as_ref().is_none_or(|p| p == gate.pipeline.raw())
        })
        .collect();
    candidates.sort_by_key(|s| s.gate.pipeline.is_none());
    let found = candidates.into_iter().find_map(|s| Some((s, environment(s, gate)?)));
    let name = found.as_ref().map_or_else(|| gate.application.raw().to_owned(), |(s, _)| s.name.clone());
    let environment = found.as_ref().map_or_else(|| "unmatched".to_owned(), |(_, e)| e.clone());
    Matched { service: found.map(|(s, _)| s), release: release(gate, name, environment) }
}

fn environment(service: &ServiceConfig, gate: &Gate) -> Option<String> {
    if let [only] = service.environments.as_slice() {
        return Some(only.clone());
    }
    let parameter = gate
        .trigger
        .parameters
        .iter()
        .find(|(name, _)| ["environment", "env"].contains(&name.raw().to_ascii_lowercase().as_str()))
        .map(|(_, value)| value.raw());
    let places = [Some(gate.stage.raw()), Some(gate.pipeline.raw()), parameter];
    places.into_iter().flatten().find_map(|place| {
        let words: Vec<String> =
            place.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).filter(|w| !w.is_empty()).collect();
        let mut named = service.environments.iter().filter(|e| words.contains(&e.to_lowercase()));
        // Two environments in one name say nothing.
        match (named.next(), named.next()) {
            (Some(one), None) => Some(one.clone()),
            _ => None,
        }
    })
}

fn release(gate: &Gate, service: String, environment: String) -> Release {
    let trigger = &gate.trigger;
    let version = trigger
        .version
        .clone()
        .or_else(|| trigger.build.as_ref().map(|b| Untrusted::new(format!("build-{}", b.number))))
        .or_else(|| trigger.commit.as_ref().map(|c| Untrusted::new(c.raw().chars().take(12).collect::<String>())))
        .or_else(|| gate.id.native().get(1).map(|run| Untrusted::new(run.clone())))
        .unwrap_or_default();
    Release {
        service,
        version,
        environment,
        commit: trigger.commit.clone(),
        branch: trigger.branch.clone(),
        artifacts: {
            let mut artifacts = trigger.artifacts.clone();
            artifacts.sort();
            artifacts.dedup();
            artifacts
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::schema::GateConfig;
    use crate::domain::gate::Trigger;
    use crate::domain::ids::{ConnectionName, GateId};

    fn gate(pipeline: &str, stage: &str) -> Gate {
        Gate {
            application: "shop".into(),
            pipeline: pipeline.into(),
            stage: stage.into(),
            trigger: Trigger { version: Some("1.2".into()), ..Trigger::default() },
            ..Gate::new(GateId::new(ConnectionName::new("spinnaker"), ["shop", "01R", "01S"]), "1")
        }
    }

    fn config(environments: &[&str]) -> Config {
        Config {
            service: vec![ServiceConfig {
                name: "shop".into(),
                environments: environments.iter().map(ToString::to_string).collect(),
                gate: GateConfig { from: "spinnaker".into(), application: "shop".into(), pipeline: None },
                ..ServiceConfig::default()
            }],
            ..Config::default()
        }
    }

    #[test]
    fn one_environment_is_always_meant() {
        let config = config(&["prod"]);
        let matched = match_gate(&config, &gate("deploy", "go?"));
        assert_eq!(matched.release.short(), "shop@1.2/prod");
    }

    #[test]
    fn several_environments_are_told_apart_by_words() {
        let config = config(&["staging", "prod"]);
        assert_eq!(match_gate(&config, &gate("deploy", "Approve PROD")).release.environment, "prod");
        assert_eq!(match_gate(&config, &gate("deploy-staging", "go?")).release.environment, "staging");
        // "production" is another word, and both at once say nothing.
        assert!(match_gate(&config, &gate("deploy", "production")).service.is_none());
        assert!(match_gate(&config, &gate("deploy", "staging to prod")).service.is_none());
    }

    #[test]
    fn another_connection_or_application_does_not_match() {
        let mut config = config(&["prod"]);
        config.service[0].gate.application = "other".into();
        let gate = gate("deploy", "go?");
        let matched = match_gate(&config, &gate);
        assert!(matched.service.is_none());
        assert_eq!(matched.release.service, "shop");
    }
}
