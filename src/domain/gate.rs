//! One place in one run of a pipeline where it waits for a person.

use serde::{Deserialize, Serialize};

use super::ids::{Digest, GateId};
use super::time::Timestamp;
use crate::text::Untrusted;

/// A gate as its orchestrator shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// The full id.
    pub id: GateId,
    /// The application (Spinnaker), project or repository.
    pub application: Untrusted,
    /// The name of the pipeline.
    pub pipeline: Untrusted,
    /// The id of the pipeline's definition, if the orchestrator names it.
    pub pipeline_id: Option<Untrusted>,
    /// The name of the gate within the pipeline.
    pub stage: Untrusted,
    /// Which time the gate is asked: a restarted stage has another attempt. For Spinnaker the stage's start time in
    /// milliseconds.
    pub attempt: String,
    /// Where it stands.
    pub state: GateState,
    /// What the pipeline's author wrote for the approver.
    pub instructions: Untrusted,
    /// The inputs to choose from, if the gate has any.
    pub options: Vec<Untrusted>,
    /// Roles of the orchestrator that may answer, as the *running* gate says.
    pub required_roles: Vec<Untrusted>,
    /// Roles as the pipeline's *definition* says; `None` if it could not be read. Differing from `required_roles`,
    /// somebody changed the running gate.
    pub defined_roles: Option<Vec<Untrusted>>,
    /// Who started the run.
    pub started_by: Option<Untrusted>,
    /// Since when it waits.
    pub waiting_since: Option<Timestamp>,
    /// When the orchestrator gives up waiting.
    pub times_out_at: Option<Timestamp>,
    /// What started the run.
    pub trigger: Trigger,
    /// A link for people.
    pub url: Option<Untrusted>,
    /// Digest of the gate's state as the orchestrator sent it, for the signed document.
    pub state_token: Option<Digest>,
}

impl Gate {
    /// A gate that waits, of which nothing else is known.
    pub fn new(id: GateId, attempt: impl Into<String>) -> Self {
        Self {
            id,
            application: Untrusted::default(),
            pipeline: Untrusted::default(),
            pipeline_id: None,
            stage: Untrusted::default(),
            attempt: attempt.into(),
            state: GateState::Waiting,
            instructions: Untrusted::default(),
            options: Vec::new(),
            required_roles: Vec::new(),
            defined_roles: None,
            started_by: None,
            waiting_since: None,
            times_out_at: None,
            trigger: Trigger::default(),
            url: None,
            state_token: None,
        }
    }

    /// Whether the roles of the running gate are not those of the pipeline's definition.
    pub fn roles_tampered(&self) -> bool {
        let sorted = |roles: &[Untrusted]| {
            let mut roles: Vec<String> = roles.iter().map(|r| r.raw().to_owned()).collect();
            roles.sort();
            roles.dedup();
            roles
        };
        self.defined_roles.as_ref().is_some_and(|defined| sorted(defined) != sorted(&self.required_roles))
    }
}

/// Where a gate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateState {
    /// It waits for a person.
    Waiting,
    /// An answer was given and has not taken effect yet.
    Answered,
    /// It was passed.
    Continued,
    /// It was answered with no, or its run failed there.
    Stopped,
    /// The run was cancelled.
    Cancelled,
    /// It waited too long.
    TimedOut,
    /// Its state is not one that we know.
    Unknown,
}

impl GateState {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Answered => "answered",
            Self::Continued => "continued",
            Self::Stopped => "stopped",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed-out",
            Self::Unknown => "unknown",
        }
    }
}

/// What started the run that waits, and what it carries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// The kind as the orchestrator says: `jenkins`, `manual`, `git`, `docker`.
    pub kind: Untrusted,
    /// The build that started it.
    pub build: Option<BuildRef>,
    /// The version that it names.
    pub version: Option<Untrusted>,
    /// The commit that it names.
    pub commit: Option<Untrusted>,
    /// The branch that it names.
    pub branch: Option<Untrusted>,
    /// Parameters of the run, by name.
    pub parameters: Vec<(Untrusted, Untrusted)>,
    /// Artifacts of the run: name, reference.
    pub artifacts: Vec<super::release::Artifact>,
}

/// A build, named.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BuildRef {
    /// The job, with its folders: `team/payments`.
    pub job: Untrusted,
    /// The number.
    pub number: u64,
    /// Its address, if named.
    pub url: Option<Untrusted>,
}
