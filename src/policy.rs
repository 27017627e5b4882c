//! Policy: Rego rules over a dossier.
//!
//! What the rules are given is said in `policy/input.rs`; what they may say is [`Violation`]. Whatever goes wrong while
//! they are evaluated gives the outcome `Unknown` with a reason that blocks: a policy that says nothing because it is
//! broken is no pass.

mod input;
#[cfg(test)]
mod tests;

use std::num::NonZeroU32;
use std::time::Duration;

use regorus::LimitError;
use regorus::utils::limits::ExecutionTimerConfig;
use serde::Deserialize;

use crate::domain::canonical;
use crate::domain::dossier::Dossier;
use crate::domain::ids::Digest;
use crate::domain::time::Timestamp;
use crate::domain::verdict::{Cause, Level, Outcome, Verdict, Violation};

/// How long the rules may take: they are somebody's program, and an approver waits.
const LIMIT: Duration = Duration::from_secs(5);
/// After how many steps of the evaluator the time is looked at.
const STEPS: NonZeroU32 = NonZeroU32::MIN.saturating_add(999);
/// The rule that gives the reasons.
const REASONS: &str = "data.countersign.reasons";
/// The rules that hold unless an organisation says otherwise.
const DEFAULT: &str = include_str!("../assets/policy/default.rego");

/// One Rego module.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Module {
    /// Its name, for messages: a file name.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Rules that were read and are ready to be evaluated.
#[derive(Clone)]
pub struct Policy {
    modules: Vec<Module>,
    /// The evaluator with the modules in it, or why they cannot be read.
    engine: Result<regorus::Engine, String>,
}

impl std::fmt::Debug for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Policy").field("digest", &self.digest()).field("fault", &self.fault()).finish()
    }
}

impl Policy {
    /// The built-in rules.
    pub fn builtin() -> Self {
        Self::of(vec![Module { name: "default.rego".to_owned(), text: DEFAULT.to_owned() }])
    }

    /// Rules from modules of the package `countersign`. Modules that cannot be read make every verdict unknown; see
    /// [`fault`](Self::fault).
    pub fn of(mut modules: Vec<Module>) -> Self {
        modules.sort();
        let mut engine = regorus::Engine::new();
        // Else a builtin's error would leave its rule undefined, and what it should have blocked would pass.
        engine.set_strict_builtin_errors(true);
        let loaded = modules
            .iter()
            .try_for_each(|m| engine.add_policy(m.name.clone(), m.text.clone()).map(|_package| ()))
            .map_err(|e| e.to_string());
        Self { modules, engine: loaded.map(|()| engine) }
    }

    /// Why the modules cannot be evaluated, if they cannot.
    pub fn fault(&self) -> Option<&str> {
        self.engine.as_ref().err().map(String::as_str)
    }

    /// The modules, sorted by name.
    pub fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// The digest over names and texts of the modules.
    pub fn digest(&self) -> Digest {
        canonical::sha256_parts(self.modules.iter().flat_map(|m| [m.name.as_bytes(), m.text.as_bytes()]))
    }

    /// What the rules say of a dossier as of a moment. A pure function of the three, unless they take too long; the
    /// verdict that stands in the dossier is not looked at.
    pub fn evaluate(&self, dossier: &Dossier, as_of: Timestamp) -> Verdict {
        self.within(LIMIT, dossier, as_of)
    }

    fn within(&self, limit: Duration, dossier: &Dossier, as_of: Timestamp) -> Verdict {
        self.judge(&input::of(dossier, as_of), limit).unwrap_or_else(|no| {
            let (id, text) = match no {
                NoVerdict::Late => {
                    let limit = crate::domain::time::humane(limit);
                    ("policy-timeout", format!("The policy was not evaluated within {limit}."))
                }
                NoVerdict::Broken(why) => ("policy-undefined", format!("The policy could not be evaluated: {why}")),
            };
            Verdict {
                result: Outcome::Unknown,
                reasons: vec![Violation {
                    level: Level::Block,
                    cause: Cause::Policy,
                    id: id.to_owned(),
                    text,
                    evidence: Vec::new(),
                }],
            }
        })
    }

    /// What the rules are given for a dossier, as JSON: for `policy explain` and for writing rules.
    pub fn input(dossier: &Dossier, as_of: Timestamp) -> serde_json::Value {
        input::of(dossier, as_of)
    }

    fn judge(&self, input: &serde_json::Value, limit: Duration) -> Result<Verdict, NoVerdict> {
        let mut engine = self.engine.clone()?;
        engine.set_execution_timer_config(ExecutionTimerConfig { limit, check_interval: STEPS });
        engine.set_input_json(&input.to_string()).map_err(|e| e.to_string())?;
        let value = engine.eval_rule(REASONS.to_owned()).map_err(|e| match e.downcast_ref() {
            Some(LimitError::TimeLimitExceeded { .. }) => NoVerdict::Late,
            _ => NoVerdict::Broken(e.to_string()),
        })?;
        if value == regorus::Value::Undefined {
            return Err(NoVerdict::Broken(format!("{REASONS} is undefined.")));
        }
        let set = value.as_set().map_err(|_e| format!("{REASONS} is not a set."))?;
        let reasons: Vec<Violation> = set.iter().map(reason).collect::<Result<_, _>>()?;
        Ok(Verdict::of(reasons))
    }
}

/// Why there is no verdict.
#[derive(Debug)]
enum NoVerdict {
    /// The rules took too long.
    Late,
    /// The rules, or what they say, cannot be used.
    Broken(String),
}

impl From<String> for NoVerdict {
    fn from(why: String) -> Self {
        Self::Broken(why)
    }
}

/// A reason as rules write it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    id: String,
    level: Level,
    cause: Cause,
    text: String,
    #[serde(default)]
    evidence: Vec<String>,
}

fn reason(value: &regorus::Value) -> Result<Violation, String> {
    let json = value.to_json_str().map_err(|e| e.to_string())?;
    let said: Said =
        serde_json::from_str(&json).map_err(|e| format!("A reason has not the form that is wanted: {e}."))?;
    let mut evidence = said.evidence;
    evidence.sort();
    evidence.dedup();
    Ok(Violation { level: said.level, cause: said.cause, id: said.id, text: said.text, evidence })
}
