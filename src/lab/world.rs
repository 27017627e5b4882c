//! Scenario files: what the systems of the demo world hold.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::attest::Attestation;
use super::dependency_track::Tracked;
use super::fault::Fault;
use super::github::Repository;
use super::jenkins::Build;
use super::jira::{JiraSettings, Ticket};
use super::sonarqube::Project;
use super::spinnaker::{Run, SpinnakerSettings};
use super::{LabError, defectdojo};

mod embedded;

/// A system of the demo world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// Spinnaker's Gate.
    Spinnaker,
    /// Jenkins.
    Jenkins,
    /// Jira Cloud.
    Jira,
    /// Jira Data Center.
    JiraDc,
    /// SonarQube.
    Sonarqube,
    /// GitHub.
    Github,
    /// Dependency-Track.
    DependencyTrack,
    /// DefectDojo.
    Defectdojo,
}

/// A length of time, written `3h`, `45s`, `2d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span(pub Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        crate::domain::time::parse_duration(&text).map(Self).ok_or_else(|| {
            serde::de::Error::custom(format!("{text:?} is no length of time; write it like 3h, 45s or 2d"))
        })
    }
}

/// Text in which `{{repeat:N:TEXT}}` stands for N times TEXT, so that long answers have short files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text(pub String);

impl Text {
    /// Text with its repetitions written out.
    pub fn expanded(text: &str) -> Self {
        let Some((before, rest)) = text.split_once("{{repeat:") else { return Self(text.to_owned()) };
        let Some((inside, after)) = rest.split_once("}}") else { return Self(text.to_owned()) };
        let (count, what) = inside.split_once(':').unwrap_or(("1", inside));
        let repeated = what.repeat(count.parse().unwrap_or(1));
        Self(format!("{before}{repeated}{}", Self::expanded(after).0))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|t| Self::expanded(&t))
    }
}

/// What the systems of the demo world hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct World {
    /// How Spinnaker behaves as a whole.
    pub spinnaker: Option<SpinnakerSettings>,
    /// How Jira behaves as a whole.
    pub jira: Option<JiraSettings>,
    /// How far a system's clock is off, in seconds, either way.
    pub skew: BTreeMap<Service, i64>,
    /// Tables for the configuration, `[[service]]`, taken over as they stand; `{home}` in a text is the folder.
    pub service: Vec<toml::Table>,
    /// Runs of pipelines, in Spinnaker.
    pub run: Vec<Run>,
    /// Builds, in Jenkins.
    pub build: Vec<Build>,
    /// Tickets, in both Jiras.
    pub ticket: Vec<Ticket>,
    /// Projects, in SonarQube.
    pub project: Vec<Project>,
    /// Repositories, in GitHub.
    pub repository: Vec<Repository>,
    /// Projects, in Dependency-Track.
    pub tracked: Vec<Tracked>,
    /// Findings, in DefectDojo.
    pub dojo: Vec<defectdojo::Found>,
    /// Report files in a folder of the machine.
    pub scan: Vec<Scan>,
    /// Attestations of images, in a folder of the machine.
    pub attestation: Vec<Attestation>,
    /// Answers that are wrong on purpose.
    pub fault: Vec<Fault>,
}

/// A report file that lies in a folder: `scans/SERVICE/COMMIT/NAME` under the home folder.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scan {
    /// The service.
    pub service: String,
    /// The commit, by name or hash.
    pub commit: String,
    /// The file's name.
    pub name: String,
    /// What it holds.
    #[serde(flatten)]
    pub content: Content,
}

/// What a file of a scenario holds: one of the embedded reports, or text that stands in the scenario.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Content {
    /// The name of an embedded report.
    pub file: Option<String>,
    /// The text itself.
    pub text: Option<Text>,
}

impl Content {
    /// The bytes; `None` where neither or an unknown report is named.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match (&self.text, &self.file) {
            (Some(text), _) => Some(text.0.clone().into_bytes()),
            (None, Some(file)) => embedded::report(file).map(|t| Text::expanded(t).0.into_bytes()),
            (None, None) => None,
        }
    }
}

impl World {
    /// The demo world.
    pub fn demo() -> Result<Self, LabError> {
        Self::parse(embedded::SCENARIOS)
    }

    /// A world from scenario files: name and TOML. What the files hold is put together; settings of the later win.
    pub fn parse(files: &[(&str, &str)]) -> Result<Self, LabError> {
        let mut world = Self::default();
        for (name, text) in files {
            let wrong = |why: String| LabError::Scenario { name: (*name).to_owned(), why };
            let part: Self = toml::from_str(text).map_err(|e| wrong(e.to_string()))?;
            part.check().map_err(wrong)?;
            world.join(part);
        }
        Ok(world)
    }

    fn check(&self) -> Result<(), String> {
        let contents = self
            .scan
            .iter()
            .map(|s| (s.name.as_str(), &s.content))
            .chain(self.build.iter().flat_map(|b| b.artifacts.iter().map(|a| (a.path.as_str(), &a.content))));
        for (name, content) in contents {
            if content.bytes().is_none() {
                return Err(format!("the file {name:?} needs text, or the name of an embedded report"));
            }
        }
        Ok(())
    }

    fn join(&mut self, part: Self) {
        self.spinnaker = part.spinnaker.or(self.spinnaker.take());
        self.jira = part.jira.or(self.jira.take());
        self.skew.extend(part.skew);
        self.service.extend(part.service);
        self.run.extend(part.run);
        self.build.extend(part.build);
        self.ticket.extend(part.ticket);
        self.project.extend(part.project);
        self.repository.extend(part.repository);
        self.tracked.extend(part.tracked);
        self.dojo.extend(part.dojo);
        self.scan.extend(part.scan);
        self.attestation.extend(part.attestation);
        self.fault.extend(part.fault);
    }
}
