//! Tickets as Jira writes them.

use serde_json::{Map, Value, json};

use super::jql::category_name;
use super::{Ticket, seed};
use crate::lab::call::{Times, written};

/// The address that this Jira believes to be its own.
pub fn own_url(cloud: bool) -> &'static str {
    if cloud { "https://acme.atlassian.example" } else { "https://jira.acme.example" }
}

/// A user: by account on Cloud, by name on Data Center.
pub fn user(name: &str, cloud: bool) -> Value {
    let url = own_url(cloud);
    let short = name.split('@').next().unwrap_or(name);
    let account = format!("712020:{}", seed::uuid(name));
    let mail = if name.contains('@') { name.to_owned() } else { format!("{name}@acme.example") };
    let picture = |size| format!("{url}/secure/useravatar?size={size}&ownerId={short}");
    let mut user = json!({
        "active": true, "displayName": display(short), "emailAddress": mail, "timeZone": "Etc/UTC",
        "avatarUrls": {"16x16": picture("xsmall"), "24x24": picture("small"), "32x32": picture("medium"), "48x48": picture("large")},
    });
    let more = if cloud {
        json!({"self": format!("{url}/rest/api/3/user?accountId={account}"), "accountId": account, "accountType": "atlassian"})
    } else {
        json!({"self": format!("{url}/rest/api/2/user?username={short}"), "name": short, "key": format!("JIRAUSER{}", seed::number(short))})
    };
    join(&mut user, more);
    user
}

fn display(short: &str) -> String {
    let mut letters = short.chars();
    letters.next().map_or_else(String::new, |c| c.to_uppercase().chain(letters).collect())
}

/// A ticket with the fields asked for: names, `*all`, `*navigable`, or `id` alone for none.
pub fn issue(ticket: &Ticket, cloud: bool, v3: bool, fields: &[&str], times: &Times) -> Value {
    let id = seed::number(&ticket.key).to_string();
    if fields == ["id"] {
        // What the newer search gives when no fields are asked for.
        return json!({"id": id});
    }
    let all = all_fields(ticket, cloud, v3, times);
    let everything = fields.iter().any(|f| f.starts_with('*'));
    let kept: Map<String, Value> =
        all.into_iter().filter(|(n, _)| everything || fields.contains(&n.as_str())).collect();
    json!({
        "expand": "operations,versionedRepresentations,editmeta,changelog,renderedFields", "id": id, "key": ticket.key,
        "self": format!("{}/rest/api/{}/issue/{id}", own_url(cloud), if v3 { "3" } else { "2" }), "fields": kept,
    })
}

fn all_fields(ticket: &Ticket, cloud: bool, v3: bool, times: &Times) -> Map<String, Value> {
    let url = own_url(cloud);
    let stamp = written(times.before(ticket.ago.0), "%Y-%m-%dT%H:%M:%S%.3f+0000");
    let born = written(times.before(ticket.ago.0) - 6 * 86_400_000, "%Y-%m-%dT%H:%M:%S%.3f+0000");
    let category = ticket.category();
    let done = category == "done";
    let named = |what: &str, name: &str| {
        let id = seed::number(name).to_string();
        json!({
            "self": format!("{url}/rest/api/2/{what}/{id}"), "id": id, "name": name, "description": "",
            "iconUrl": format!("{url}/images/icons/{what}.svg"),
        })
    };
    let mut status = named("status", &ticket.status);
    let (number, colour) = match category {
        "new" => (2, "blue-gray"),
        "done" => (3, "green"),
        _ => (4, "yellow"),
    };
    join(
        &mut status,
        json!({"statusCategory": {
            "self": format!("{url}/rest/api/2/statuscategory/{number}"), "id": number, "key": category, "colorName": colour,
            "name": category_name(category),
        }}),
    );
    let mut kind = named("issuetype", &ticket.kind);
    join(&mut kind, json!({"subtask": false, "avatarId": 10_315}));
    let versions: Vec<Value> = ticket
        .fix_versions
        .iter()
        .map(|v| {
            let id = seed::number(v).to_string();
            json!({"self": format!("{url}/rest/api/2/version/{id}"), "id": id, "name": v, "archived": false, "released": false})
        })
        .collect();
    let project = ticket.project();
    let picture = |size| format!("{url}/secure/projectavatar?size={size}");
    let description = match (ticket.description.0.as_str(), v3) {
        ("", _) => Value::Null,
        // Version 3 writes texts as documents.
        (text, true) => {
            json!({"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [{"type": "text", "text": text}]}]})
        }
        (text, false) => json!(text),
    };
    let reporter = user(ticket.reporter.as_deref().unwrap_or("ana"), cloud);
    let mut fields = json!({
        "summary": ticket.summary.0, "description": description, "status": status, "issuetype": kind,
        "priority": named("priority", &ticket.priority),
        "resolution": if done { named("resolution", "Done") } else { Value::Null },
        "resolutiondate": if done { json!(stamp) } else { Value::Null },
        "assignee": ticket.assignee.as_ref().map(|a| user(a, cloud)), "reporter": reporter, "creator": reporter,
        "labels": ticket.labels, "fixVersions": versions, "created": born, "updated": stamp, "workratio": -1,
        "project": {
            "self": format!("{url}/rest/api/2/project/{project}"), "id": seed::number(project).to_string(), "key": project,
            "name": project, "projectTypeKey": "software", "simplified": false,
            "avatarUrls": {"16x16": picture("xsmall"), "24x24": picture("small"), "32x32": picture("medium"), "48x48": picture("large")},
        },
    });
    join(
        &mut fields,
        json!({
            "versions": [], "components": [], "issuelinks": [], "subtasks": [],
            "progress": {"progress": 0, "total": 0}, "aggregateprogress": {"progress": 0, "total": 0},
            "votes": {"self": format!("{url}/rest/api/2/issue/{}/votes", ticket.key), "votes": 0, "hasVoted": false},
            "watches": {"self": format!("{url}/rest/api/2/issue/{}/watchers", ticket.key), "watchCount": 1, "isWatching": false},
        }),
    );
    for name in [
        "lastViewed",
        "duedate",
        "environment",
        "timespent",
        "timeestimate",
        "timeoriginalestimate",
        "aggregatetimespent",
        "aggregatetimeestimate",
        "aggregatetimeoriginalestimate",
    ] {
        fields[name] = Value::Null;
    }
    let mut fields = fields.as_object_mut().map(std::mem::take).unwrap_or_default();
    if ticket.odd {
        // Anonymised, hidden by the field configuration, or from a service desk: all of these occur.
        for name in ["labels", "components", "votes", "watches", "versions", "workratio"] {
            fields.remove(name);
        }
        for name in ["reporter", "creator", "assignee", "priority"] {
            fields.insert(name.to_owned(), Value::Null);
        }
    }
    fields
}

fn join(value: &mut Value, more: Value) {
    if let (Some(object), Value::Object(more)) = (value.as_object_mut(), more) {
        object.extend(more);
    }
}
