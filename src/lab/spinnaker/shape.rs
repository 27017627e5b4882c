//! Runs and pipelines as Gate writes them.

use serde_json::{Map, Value, json};

use super::{Run, Stage};
use crate::lab::call::Times;
use crate::lab::{jenkins, seed};

fn millis(span: crate::lab::world::Span) -> i64 {
    i64::try_from(span.0.as_millis()).unwrap_or(0)
}

fn config_id(run: &Run) -> String {
    seed::uuid(&format!("{} {}", run.application, run.pipeline))
}

fn ref_ids(run: &Run, index: usize) -> Vec<String> {
    let after = run.stage.get(index).and_then(|s| s.after.clone());
    after.unwrap_or_else(|| if index == 0 { Vec::new() } else { vec![index] }).iter().map(ToString::to_string).collect()
}

/// The execution of a run.
pub fn execution(run: &Run, times: &Times) -> Value {
    let version = run.version.as_deref().unwrap_or_default();
    let id = run.id.clone().unwrap_or_else(|| seed::ulid(&format!("{} {} {version}", run.application, run.pipeline)));
    let started = times.before(run.ago.0);
    let stages: Vec<Value> = (0..run.stage.len()).filter_map(|i| stage(run, &id, i, times)).collect();
    let ended = !matches!(run.status.as_str(), "RUNNING" | "PAUSED" | "NOT_STARTED");
    json!({
        "type": "PIPELINE", "id": id, "application": run.application, "name": run.pipeline, "pipelineConfigId": config_id(run),
        "buildTime": started, "startTime": started + 120, "endTime": if ended { json!(started + 900_000) } else { Value::Null },
        "status": run.status, "canceled": run.status == "CANCELED", "canceledBy": null, "cancellationReason": null,
        "limitConcurrent": true, "keepWaitingPipelines": false, "origin": "api", "partition": null, "paused": null,
        "spelEvaluator": "v4", "templateVariables": null, "initialConfig": {}, "systemNotifications": [], "notifications": [],
        "authentication": {"user": run.user, "allowedAccounts": ["prod", "staging"]},
        "trigger": trigger(run, started), "stages": stages,
    })
}

fn trigger(run: &Run, started: i64) -> Value {
    let mut parameters: Map<String, Value> = run.parameters.clone();
    if let Some(version) = &run.version {
        parameters.insert("version".to_owned(), json!(version));
    }
    let mut trigger = json!({
        "type": if run.build.is_some() { "jenkins" } else { "manual" }, "user": run.user, "parameters": parameters,
        "artifacts": artifacts(run), "resolvedExpectedArtifacts": [], "notifications": [], "rebake": false, "dryRun": false,
        "strategy": false, "correlationId": null, "eventId": seed::uuid(&format!("{} {:?}", run.application, run.version)),
    });
    if let (Some(build), Some(object)) = (&run.build, trigger.as_object_mut()) {
        let url = format!("{}{}/", jenkins::url(&build.job), build.number);
        object.insert("master".to_owned(), json!("jenkins"));
        object.insert("job".to_owned(), json!(build.job));
        object.insert("buildNumber".to_owned(), json!(build.number));
        object.insert("propertyFile".to_owned(), Value::Null);
        object.insert("properties".to_owned(), json!({}));
        let scm = run.commit.as_ref().map(|c| {
            json!({"name": format!("origin/{}", run.branch), "branch": run.branch, "sha1": seed::commit(c), "committer": null,
                "compareUrl": null, "message": null, "timestamp": null})
        });
        object.insert("buildInfo".to_owned(), json!({
            "building": false, "fullDisplayName": format!("{} #{}", build.job.replace('/', " » "), build.number),
            "name": build.job, "number": build.number, "duration": 372_000, "timestamp": (started - 600_000).to_string(),
            "result": "SUCCESS", "artifacts": [], "testResults": [], "url": url, "scm": scm.into_iter().collect::<Vec<_>>(),
        }));
    } else if let (Some(commit), Some(parameters)) = (&run.commit, trigger["parameters"].as_object_mut()) {
        parameters.insert("commit".to_owned(), json!(seed::commit(commit)));
        parameters.insert("branch".to_owned(), json!(run.branch));
    }
    trigger
}

fn artifacts(run: &Run) -> Value {
    let (Some(image), Some(version)) = (&run.image, &run.version) else { return json!([]) };
    let reference = if run.digest {
        format!("{image}@sha256:{}", seed::hex64(&format!("{image}:{version}")))
    } else {
        format!("{image}:{version}")
    };
    json!([{"type": "docker/image", "name": image, "version": version, "reference": reference, "customKind": false,
        "location": null, "artifactAccount": "acme-registry", "provenance": null, "uuid": null, "metadata": {}}])
}

fn judgment_context(stage: &Stage) -> Value {
    let options: Vec<Value> = stage.options.iter().map(|o| json!({"value": o.0})).collect();
    let mut context = json!({
        "instructions": stage.instructions.as_ref().map_or("", |i| i.0.as_str()), "judgmentInputs": options,
        "judgmentStatus": "", "failPipeline": true, "propagateAuthenticationContext": true, "notifications": [],
        "requiredJudgmentRoles": stage.roles, "selectedStageRoles": stage.roles,
    });
    if let (Some(timeout), Some(object)) = (stage.timeout, context.as_object_mut()) {
        object.insert("stageTimeoutMs".to_owned(), json!(millis(timeout)));
        object.insert("overrideTimeout".to_owned(), json!(true));
    }
    context
}

fn stage(run: &Run, execution: &str, index: usize, times: &Times) -> Option<Value> {
    let stage = run.stage.get(index)?;
    let default = if run.status == "RUNNING" || run.status == "PAUSED" { "RUNNING" } else { run.status.as_str() };
    let status = stage.status.as_deref().unwrap_or(default);
    let judgment = stage.kind == "manualJudgment";
    let started = times.before(stage.ago.unwrap_or(run.ago).0) + 400;
    let begun = status != "NOT_STARTED";
    let ended = !matches!(status, "NOT_STARTED" | "RUNNING" | "PAUSED");
    let mut context = if judgment { judgment_context(stage) } else { json!({}) };
    if judgment && status == "SUCCEEDED" {
        context["judgmentStatus"] = json!("continue");
    }
    let tasks = if begun {
        json!([{"id": "1", "name": if judgment { "waitForJudgment" } else { "run" }, "status": status, "startTime": started,
            "stageStart": true, "stageEnd": true, "loopStart": false, "loopEnd": false,
            "implementingClass": if judgment { "com.netflix.spinnaker.orca.echo.pipeline.ManualJudgmentStage$WaitForManualJudgmentTask" } else { "" }}])
    } else {
        json!([])
    };
    Some(json!({
        "id": seed::ulid(&format!("{execution} {}", index + 1)), "refId": (index + 1).to_string(), "type": stage.kind,
        "name": stage.name, "startTime": if begun { json!(started) } else { Value::Null },
        "endTime": if ended { json!(started + 60_000) } else { Value::Null }, "startTimeExpiry": null, "status": status,
        "context": context, "outputs": {}, "tasks": tasks, "syntheticStageOwner": null, "parentStageId": null,
        "requisiteStageRefIds": ref_ids(run, index), "scheduledTime": null, "lastModified": null,
    }))
}

/// The definition of the pipeline that a run is of.
pub fn definition(run: &Run) -> Value {
    let stages: Vec<Value> = run
        .stage
        .iter()
        .enumerate()
        .map(|(i, stage)| {
            let mut one = json!({
                "refId": (i + 1).to_string(), "type": stage.kind, "name": stage.name, "requisiteStageRefIds": ref_ids(run, i),
            });
            if stage.kind == "manualJudgment" {
                let roles = stage.defined_roles.as_ref().unwrap_or(&stage.roles);
                let mut context = judgment_context(stage);
                if let (Some(one), Some(context)) = (one.as_object_mut(), context.as_object_mut()) {
                    context.remove("judgmentStatus");
                    context.insert("requiredJudgmentRoles".to_owned(), json!(roles));
                    context.insert("selectedStageRoles".to_owned(), json!(roles));
                    one.append(context);
                }
            }
            one
        })
        .collect();
    json!({
        "id": config_id(run), "name": run.pipeline, "application": run.application, "index": 0, "schema": "1",
        "limitConcurrent": true, "keepWaitingPipelines": false, "spelEvaluator": "v4", "expectedArtifacts": [],
        "parameterConfig": [{"name": "version", "default": "", "required": true}],
        "triggers": run.build.iter().map(|b| json!({"enabled": true, "type": "jenkins", "master": "jenkins", "job": b.job})).collect::<Vec<_>>(),
        "lastModifiedBy": "ana", "updateTs": "1700000000000", "stages": stages,
    })
}
