//! What Gate sends, read leniently: an unknown, missing or oddly typed field never fails a page.
//!
//! A page of expanded executions is large, so its elements are taken one by one and only what a gate needs is kept:
//! the manual judgments and what the trigger says.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::Value;

use super::trigger;
use crate::domain::canonical::digest_of;
use crate::domain::gate::Trigger;
use crate::domain::ids::Digest;
use crate::http::{Answer, Fault, FaultKind};

/// The type of the stages that are gates.
const JUDGMENT: &str = "manualJudgment";

/// A list of executions, and how many elements it had.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// How many elements came, readable or not.
    pub(super) count: usize,
    /// The executions that could be read.
    pub(super) executions: Vec<Execution>,
    /// Those that could not, each named.
    pub(super) unreadable: Vec<String>,
}

/// One run of a pipeline.
#[derive(Debug, Clone)]
pub(super) struct Execution {
    pub(super) id: String,
    pub(super) application: String,
    pub(super) name: String,
    pub(super) config_id: Option<String>,
    pub(super) status: String,
    pub(super) canceled: bool,
    pub(super) canceled_by: Option<String>,
    pub(super) cancellation_reason: Option<String>,
    /// When it started, or was triggered if it does not say; milliseconds.
    pub(super) started: Option<i64>,
    /// When it ended; milliseconds.
    pub(super) ended: Option<i64>,
    pub(super) started_by: Option<String>,
    pub(super) trigger: Trigger,
    /// Its manual judgments.
    pub(super) stages: Vec<Stage>,
    /// Manual judgments that could not be read, each in words.
    pub(super) unreadable: Vec<String>,
}

/// One manual judgment.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    pub(super) id: String,
    pub(super) ref_id: String,
    pub(super) name: String,
    pub(super) status: String,
    /// Milliseconds.
    pub(super) start: Option<i64>,
    /// Milliseconds.
    pub(super) end: Option<i64>,
    /// Who changed it last.
    pub(super) modified_by: Option<String>,
    /// The context, as it came.
    pub(super) context: Value,
    /// Digest of the whole stage as it came.
    pub(super) token: Digest,
}

impl Stage {
    /// `continue`, `stop` or nothing; in lower case, as orca compares it.
    pub(super) fn judgment(&self) -> String {
        text(self.context.get("judgmentStatus")).unwrap_or_default().trim().to_lowercase()
    }

    /// Which time the stage is asked.
    pub(super) fn attempt(&self) -> String {
        self.start.map_or_else(|| "0".to_owned(), |t| t.to_string())
    }

    /// How long the stage may wait, in milliseconds.
    pub(super) fn timeout(&self) -> Option<i64> {
        number(self.context.get("stageTimeoutMs")).filter(|t| *t > 0)
    }

    fn read(value: &Value) -> Result<Self, String> {
        let id = text(value.get("id")).ok_or("a manual judgment without an id")?;
        let context = value.get("context").cloned().unwrap_or_default();
        let modified_by = text(value.pointer("/lastModified/user")).or_else(|| text(context.get("lastModifiedBy")));
        Ok(Self {
            id,
            ref_id: text(value.get("refId")).unwrap_or_default(),
            name: text(value.get("name")).unwrap_or_default(),
            status: text(value.get("status")).unwrap_or_default().to_uppercase(),
            start: number(value.get("startTime")),
            end: number(value.get("endTime")),
            modified_by,
            context,
            token: digest_of(value),
        })
    }
}

impl Execution {
    /// Reads an execution. The error names it as far as it can be named.
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        let id = text(value.get("id")).ok_or("a run without an id")?;
        let application = text(value.get("application")).ok_or_else(|| format!("run {id} names no application"))?;
        let mut stages = Vec::new();
        let mut unreadable = Vec::new();
        for stage in list(value.get("stages")).iter().filter(|s| text(s.get("type")).as_deref() == Some(JUDGMENT)) {
            match Stage::read(stage) {
                Ok(stage) => stages.push(stage),
                Err(why) => unreadable.push(format!("run {id} of {application} has {why}")),
            }
        }
        let status = text(value.get("status")).unwrap_or_default().to_uppercase();
        let trigger = value.get("trigger").unwrap_or(&Value::Null);
        Ok(Self {
            name: text(value.get("name")).unwrap_or_default(),
            config_id: text(value.get("pipelineConfigId")),
            canceled: status == "CANCELED" || value.get("canceled").and_then(Value::as_bool).unwrap_or(false),
            status,
            canceled_by: text(value.get("canceledBy")),
            cancellation_reason: text(value.get("cancellationReason")),
            started: number(value.get("startTime")).or_else(|| number(value.get("buildTime"))),
            ended: number(value.get("endTime")),
            started_by: text(value.pointer("/authentication/user")).or_else(|| text(trigger.get("user"))),
            trigger: trigger::read(trigger),
            id,
            application,
            stages,
            unreadable,
        })
    }

    /// The manual judgment with this id.
    pub(super) fn stage(&self, id: &str) -> Option<&Stage> {
        self.stages.iter().find(|s| s.id == id)
    }
}

impl<'de> Deserialize<'de> for Page {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(PageVisitor)
    }
}

struct PageVisitor;

impl<'de> Visitor<'de> for PageVisitor {
    type Value = Page;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of executions")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Page, A::Error> {
        let mut page = Page::default();
        while let Some(value) = seq.next_element::<Value>()? {
            page.count += 1;
            match Execution::read(&value) {
                Ok(mut execution) => {
                    page.unreadable.append(&mut execution.unreadable);
                    page.executions.push(execution);
                }
                Err(why) => page.unreadable.push(format!("{why} (number {} of the list)", page.count)),
            }
        }
        Ok(page)
    }
}

/// Reads the body of an answer. Gate swallows errors of orca and answers 200 with nothing, which is a fault here.
pub(super) fn body<T: serde::de::DeserializeOwned>(answer: &Answer) -> Result<T, Fault> {
    if answer.body.trim_ascii().is_empty() {
        let why = "it answered with nothing, which is how Gate hides an error of the services behind it";
        return Err(Fault::new(FaultKind::Malformed, &answer.uri, why));
    }
    answer.json()
}

/// A text, or a number or truth value as text; `None` if it is missing, null or empty.
pub(super) fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// A whole number, also if it came as text or with a fraction.
pub(super) fn number(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::Number(number) => {
            number.as_i64().or_else(|| number.as_f64().and_then(|f| format!("{f:.0}").parse().ok()))
        }
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The elements of a list; none if it is missing or no list.
pub(super) fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn odd_types_never_fail_a_page_and_what_is_lost_is_named() {
        let page: Page = serde_json::from_value(json!([
            {"id": "01A", "application": "shop", "status": 7, "stages": "none", "trigger": [], "authentication": 3},
            {"id": "01B", "application": "shop", "stages": [
                null, 4, {"type": "wait"}, {"type": "manualJudgment", "name": "no id"},
                {"type": "manualJudgment", "id": "S", "startTime": "1700000000000", "status": "running", "context": []}
            ]},
            {"application": "shop"},
            {"id": "01C"},
            "what",
        ]))
        .unwrap();
        assert_eq!(page.count, 5);
        assert_eq!(page.executions.iter().map(|e| e.id.as_str()).collect::<Vec<_>>(), ["01A", "01B"]);
        let stage = page.executions[1].stage("S").unwrap();
        assert_eq!((stage.start, stage.status.as_str()), (Some(1_700_000_000_000), "RUNNING"));
        assert_eq!(stage.judgment(), "");
        assert_eq!(page.unreadable.len(), 4, "{:?}", page.unreadable);
        assert!(page.unreadable[0].contains("01B"));
        assert!(page.unreadable[2].contains("01C"));
    }

    #[test]
    fn a_list_is_wanted() {
        assert!(serde_json::from_value::<Page>(json!({"message": "no"})).is_err());
    }

    #[test]
    fn the_token_follows_the_stage_and_not_the_order_of_its_keys() {
        let token = |text: &str| Stage::read(&serde_json::from_str(text).unwrap()).unwrap().token;
        assert_eq!(token(r#"{"id":"S","name":"a"}"#), token(r#"{"name":"a","id":"S"}"#));
        assert_ne!(token(r#"{"id":"S","name":"a"}"#), token(r#"{"id":"S","name":"b"}"#));
    }
}
