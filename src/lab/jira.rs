//! Jira in its two flavours over the same tickets: Cloud, with tokens for pages and no totals, and Data Center.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::{Claim, Ways, claim};
use super::call::{Call, Reply, StandIn, Times, lock};
use super::running::Credential;
use super::seed;
use super::world::{Span, Text, World};

mod jql;
mod shape;

/// How Jira behaves as a whole.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JiraSettings {
    /// At most this many tickets a page, whatever is asked; absent means 100 (Cloud) and 1,000 (Data Center).
    pub page: Option<usize>,
}

/// One ticket.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    /// The key: `PAY-311`.
    pub key: String,
    /// The title.
    pub summary: Text,
    /// The text.
    #[serde(default)]
    pub description: Text,
    /// The status by name; the default is `Done`.
    #[serde(default = "done")]
    pub status: String,
    /// The category of the status: `new`, `indeterminate`, `done`; the default follows from the status' name.
    #[serde(default)]
    pub category: Option<String>,
    /// The type; the default is `Story`.
    #[serde(default = "story")]
    pub kind: String,
    /// The priority; the default is `Medium`.
    #[serde(default = "medium")]
    pub priority: String,
    /// Who works on it.
    #[serde(default)]
    pub assignee: Option<String>,
    /// Who wrote it; the default is `ana`.
    #[serde(default)]
    pub reporter: Option<String>,
    /// The versions that it is to be released in.
    #[serde(default)]
    pub fix_versions: Vec<String>,
    /// Labels.
    #[serde(default)]
    pub labels: Vec<String>,
    /// How long ago it was changed.
    #[serde(default)]
    pub ago: Span,
    /// Lacks what Jira's documents promise: reporter, creator, assignee, labels, components, votes, watches.
    #[serde(default)]
    pub odd: bool,
}

fn done() -> String {
    "Done".to_owned()
}

fn story() -> String {
    "Story".to_owned()
}

fn medium() -> String {
    "Medium".to_owned()
}

impl Ticket {
    /// The project's key.
    pub fn project(&self) -> &str {
        self.key.split('-').next().unwrap_or(&self.key)
    }

    /// The category of its status.
    pub fn category(&self) -> &str {
        self.category.as_deref().unwrap_or(match self.status.as_str() {
            "Done" | "Closed" | "Resolved" | "Released" => "done",
            "Open" | "To Do" | "Backlog" | "New" => "new",
            _ => "indeterminate",
        })
    }
}

/// The tickets.
pub struct Jira {
    tickets: Mutex<Vec<Ticket>>,
    /// Tokens that were given out, with the query and the place that they stand for.
    tokens: Mutex<BTreeMap<String, (String, usize)>>,
    page: Option<usize>,
    times: Times,
}

/// One flavour over the tickets.
pub struct Flavour {
    jira: Arc<Jira>,
    cloud: bool,
    credential: Credential,
}

impl Jira {
    /// The tickets of a world.
    pub fn new(world: &World, times: &Times) -> Self {
        let page = world.jira.as_ref().and_then(|j| j.page);
        Self { tickets: Mutex::new(world.ticket.clone()), tokens: Mutex::default(), page, times: times.clone() }
    }

    /// Jira Cloud over these tickets.
    pub fn cloud(jira: &Arc<Self>, credential: Credential) -> Flavour {
        Flavour { jira: Arc::clone(jira), cloud: true, credential }
    }

    /// Jira Data Center over these tickets.
    pub fn data_center(jira: &Arc<Self>, credential: Credential) -> Flavour {
        Flavour { jira: Arc::clone(jira), cloud: false, credential }
    }

    /// See [`super::Running::set_ticket`].
    pub fn set_status(&self, key: &str, status: &str, category: &str) -> bool {
        let mut tickets = lock(&self.tickets);
        let Some(ticket) = tickets.iter_mut().find(|t| t.key == key) else { return false };
        status.clone_into(&mut ticket.status);
        ticket.category = Some(category.to_owned());
        true
    }
}

impl StandIn for Flavour {
    fn answer(&self, call: &Call) -> Reply {
        let ways = Ways { basic: self.cloud, token_as_user: false, bearer: !self.cloud };
        let reply = match claim(call, ways, &self.credential.user, &self.credential.secret) {
            Claim::Known => self.route(call),
            Claim::Wrong if self.cloud => {
                Reply::html(401, "Basic authentication with passwords is deprecated, or the token is wrong.")
            }
            _ => Reply::json(
                401,
                &json!({"message": "Client must be authenticated to access this resource.", "status-code": 401}),
            )
            .with(
                "www-authenticate",
                if self.cloud { "OAuth realm=\"https%3A%2F%2Facme.atlassian.example\"" } else { "Bearer" },
            ),
        };
        reply.with("x-arequestid", "4f2c").with("cache-control", "no-cache, no-store, no-transform")
    }
}

impl Flavour {
    fn route(&self, call: &Call) -> Reply {
        let route = call.route();
        let ["rest", "api", version @ ("2" | "3" | "latest"), rest @ ..] = route.as_slice() else {
            return Reply::html(404, "Not Found");
        };
        if *version == "3" && !self.cloud {
            return Reply::html(404, "Not Found");
        }
        match (call.method.as_str(), rest) {
            ("GET", ["myself"]) => Reply::ok(&shape::user(&self.credential.user, self.cloud)),
            ("GET", ["serverInfo"]) => Reply::ok(&json!({
                "baseUrl": shape::own_url(self.cloud), "version": if self.cloud { "1001.0.0" } else { "10.3.2" },
                "deploymentType": if self.cloud { "Cloud" } else { "Server" }, "serverTitle": "Acme Jira",
            })),
            ("GET", ["issue", key]) => self.issue(call, version, key),
            ("GET" | "POST", ["search", "jql"]) if self.cloud => self.page_by_token(call, version),
            ("POST", ["search", "approximate-count"]) if self.cloud => {
                let body = call.json().unwrap_or_default();
                match self.find(body["jql"].as_str().unwrap_or_default()) {
                    Ok(found) => Reply::ok(&json!({"count": found.len()})),
                    Err(reply) => reply,
                }
            }
            (_, ["search"]) if self.cloud => Reply::json(
                410,
                &json!({
                    "errorMessages": ["The requested API has been removed. Please migrate to the /rest/api/3/search/jql API."],
                    "errors": {},
                }),
            ),
            ("GET" | "POST", ["search"]) => self.page_by_place(call, version),
            _ => Reply::json(404, &json!({"message": "null for uri", "status-code": 404})),
        }
    }

    fn issue(&self, call: &Call, version: &str, key: &str) -> Reply {
        let tickets = lock(&self.jira.tickets);
        let Some(ticket) =
            tickets.iter().find(|t| t.key.eq_ignore_ascii_case(key) || seed::number(&t.key).to_string() == key)
        else {
            return Reply::json(
                404,
                &json!({
                    "errorMessages": ["Issue does not exist or you do not have permission to see it."], "errors": {},
                }),
            );
        };
        let fields = call.list("fields").unwrap_or_else(|| vec!["*all"]);
        Reply::ok(&shape::issue(ticket, self.cloud, version == "3", &fields, &self.jira.times))
    }

    fn find(&self, query: &str) -> Result<Vec<Ticket>, Reply> {
        let refuse =
            |text: String| Reply::json(400, &json!({"errorMessages": [text], "errors": {}, "warningMessages": []}));
        let clauses = jql::parse(query).map_err(|why| refuse(format!("Error in the JQL Query: {why}")))?;
        let tickets = lock(&self.jira.tickets);
        // Data Center refuses the whole query for one value that it does not know; Cloud finds nothing for it.
        if let Some((field, value)) = clauses.iter().find_map(|c| c.unknown(&tickets)).filter(|_| !self.cloud) {
            return Err(refuse(match field {
                "key" => format!("An issue with key '{value}' does not exist for field 'key'."),
                field => format!("The value '{value}' does not exist for the field '{field}'."),
            }));
        }
        Ok(tickets.iter().filter(|t| clauses.iter().all(|c| c.holds(t))).cloned().collect())
    }

    fn page_by_token(&self, call: &Call, version: &str) -> Reply {
        let body = if call.method == "POST" { call.json().unwrap_or_default() } else { Value::Null };
        let text = |name: &str| call.param(name).or_else(|| body[name].as_str()).map(str::to_owned);
        let query = text("jql").unwrap_or_default();
        if query.trim().is_empty() {
            return Reply::json(
                400,
                &json!({"errorMessages": ["Unbounded JQL queries are not allowed here. Please add a search restriction to your query."], "errors": {}}),
            );
        }
        let found = match self.find(&query) {
            Ok(found) => found,
            Err(reply) => return reply,
        };
        let from = match text("nextPageToken") {
            None => 0,
            Some(token) => match lock(&self.jira.tokens).get(&token) {
                Some((for_query, from)) if *for_query == query => *from,
                _ => {
                    return Reply::json(
                        400,
                        &json!({"errorMessages": ["The provided next page token is invalid."], "errors": {}}),
                    );
                }
            },
        };
        let fields = fields(call, &body, &["id"]);
        let asked =
            call.number("maxResults", body["maxResults"].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(50));
        let size = asked.min(self.jira.page.unwrap_or(100)).max(1);
        let names: Vec<&str> = fields.iter().map(String::as_str).collect();
        let issues: Vec<Value> = found
            .iter()
            .skip(from)
            .take(size)
            .map(|t| shape::issue(t, true, version == "3", &names, &self.jira.times))
            .collect();
        let last = from + size >= found.len();
        let mut answer = json!({"issues": issues, "isLast": last});
        if let (false, Some(object)) = (last, answer.as_object_mut()) {
            let token = token(&query, from + size);
            lock(&self.jira.tokens).insert(token.clone(), (query, from + size));
            object.insert("nextPageToken".to_owned(), json!(token));
        }
        Reply::ok(&answer)
    }

    fn page_by_place(&self, call: &Call, version: &str) -> Reply {
        let body = if call.method == "POST" { call.json().unwrap_or_default() } else { Value::Null };
        let query = call.param("jql").or_else(|| body["jql"].as_str()).unwrap_or_default();
        let found = match self.find(query) {
            Ok(found) => found,
            Err(reply) => return reply,
        };
        let of = |name: &str, default| {
            call.number(name, body[name].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(default))
        };
        let (from, size) = (of("startAt", 0), of("maxResults", 50).min(self.jira.page.unwrap_or(1000)));
        let fields = fields(call, &body, &["*all"]);
        let names: Vec<&str> = fields.iter().map(String::as_str).collect();
        let issues: Vec<Value> = found
            .iter()
            .skip(from)
            .take(size)
            .map(|t| shape::issue(t, false, version == "3", &names, &self.jira.times))
            .collect();
        Reply::ok(
            &json!({"expand": "schema,names", "startAt": from, "maxResults": size, "total": found.len(), "issues": issues}),
        )
    }
}

fn fields(call: &Call, body: &Value, default: &[&str]) -> Vec<String> {
    let own = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect();
    let posted = body["fields"].as_array().map(|f| f.iter().filter_map(Value::as_str).collect());
    call.list("fields").or(posted).map_or_else(|| own(default.to_vec()), own)
}

/// A token with the signs that break addresses when they are not encoded.
fn token(query: &str, from: usize) -> String {
    use base64::Engine as _;
    let hash = seed::hex64(&format!("{query} {from}"));
    format!("+/{}=", base64::engine::general_purpose::STANDARD.encode(hash.get(..20).unwrap_or_default()))
}
