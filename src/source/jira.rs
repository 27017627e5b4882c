//! Jira, Cloud and Data Center: tickets by query and by key.
//!
//! Lists are read by our own client, because one odd issue must not fail the page and errors must go by status. Single
//! issues and the login check go through jira_query, see `single`.

use async_trait::async_trait;
use futures_util::StreamExt as _;
use serde_json::Value;

use self::keys::is_key;
pub use self::keys::keys_in;
use self::single::Single;
use super::registry::Settings;
use super::{Ask, Checked, Gathered, Material, Raw, Shortfalls, Source, What, not_served};
use crate::domain::ticket::{FoundBy, StatusCategory, Ticket};
use crate::domain::time::Timestamp;
use crate::http::{Answer, Fault, FaultKind, Http, query_value};

mod issue;
mod keys;
mod single;

/// The fields that are asked for.
const FIELDS: &str = "summary,status,issuetype,priority,assignee,resolution,fixVersions";
/// Tickets of one page.
const PAGE: usize = 100;
/// The most tickets that are read for one query.
const TICKETS: usize = 5_000;
/// The most keys that are looked up.
const KEYS: usize = 1_000;
/// Keys of one batch.
const BATCH: usize = 50;
/// How many single tickets are asked for side by side.
const AT_ONCE: usize = 4;

/// Which Jira it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Flavour {
    /// Jira Cloud.
    #[default]
    Cloud,
    /// Jira Data Center or Server.
    DataCenter,
}

/// A Jira site.
pub struct Jira {
    http: Http,
    single: Single,
    flavour: Flavour,
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    tickets: Vec<Ticket>,
    raw: Vec<Raw>,
    short: Shortfalls,
    date: Option<Timestamp>,
}

impl Jira {
    /// A client for a site: Cloud wants a user (mail address) and an API token, Data Center a personal access token.
    pub fn new(settings: &Settings) -> Result<Self, Fault> {
        let clock = settings.clock.clone();
        let http = Http::new(&settings.url, settings.auth.clone(), &settings.tls, settings.limits, clock)?;
        let single = Single::new(&http, settings);
        Ok(Self { http, single, flavour: settings.flavour })
    }

    fn uri(&self) -> String {
        self.http.base().to_string()
    }

    /// Reads one answer. Jira answers wrong credentials as if nobody had logged in, with 200 and only what is public;
    /// a header tells.
    async fn get(&self, path: &str) -> Result<(Value, Answer), Fault> {
        let answer = self.http.get(path).await?;
        let login = answer.headers.get("x-seraph-loginreason").and_then(|v| v.to_str().ok()).unwrap_or_default();
        if login.contains("AUTHENTICATED_FAILED") || login.contains("AUTHENTICATION_DENIED") {
            return Err(Fault::new(
                FaultKind::Unauthorized,
                &answer.uri,
                "the login failed, and Jira showed public data",
            ));
        }
        Ok((answer.json()?, answer))
    }

    /// Reads all that a query finds. A fault only if the first page is one.
    async fn search(&self, jql: &str, found: FoundBy) -> Result<Reading, Fault> {
        let mut reading = Reading::default();
        let mut seen = std::collections::HashSet::new();
        let mut next = Next::First;
        let mut got = 0;
        loop {
            let path = self.page_path(jql, &next);
            let (value, answer) = match self.get(&path).await {
                Ok(page) => page,
                Err(fault) if reading.raw.is_empty() => return Err(fault),
                Err(fault) => {
                    reading.short.fault("Not all tickets could be read", &fault);
                    return Ok(reading);
                }
            };
            let Some(issues) = value.get("issues").and_then(Value::as_array) else {
                return Err(Fault::new(FaultKind::Malformed, &answer.uri, "it has no list of issues"));
            };
            reading.date = answer.date.or(reading.date);
            for value in issues {
                let (ticket, odd) = issue::read(value, self.http.base(), found);
                if odd {
                    let text = format!("The ticket {} could not be read as a whole.", ticket.key.raw());
                    reading.short.add("odd-ticket", text);
                }
                if seen.insert(ticket.key.clone()) || ticket.key.is_empty() {
                    reading.tickets.push(ticket);
                }
            }
            got += issues.len();
            let after = self.after(&value, issues.len(), got, &next);
            reading.raw.push(answer.into());
            match after {
                After::Done => return Ok(reading),
                After::Stuck(why) => {
                    reading.short.add("not-all-pages", why);
                    return Ok(reading);
                }
                After::More(_) if got >= TICKETS => {
                    let text = format!("The query finds more than {TICKETS} tickets; the others were not read.");
                    reading.short.add("too-many-tickets", text);
                    return Ok(reading);
                }
                After::More(more) => next = more,
            }
        }
    }

    fn page_path(&self, jql: &str, next: &Next) -> String {
        let (jql, fields) = (query_value(jql), query_value(FIELDS));
        let base = match self.flavour {
            // The former search was removed from Cloud, and answers 410.
            Flavour::Cloud => "rest/api/3/search/jql",
            Flavour::DataCenter => "rest/api/2/search",
        };
        let place = match next {
            Next::First => String::new(),
            Next::Token(token) => format!("&nextPageToken={}", query_value(token)),
            Next::Start(start) => format!("&startAt={start}"),
        };
        format!("{base}?jql={jql}&maxResults={PAGE}&fields={fields}{place}")
    }

    fn after(&self, page: &Value, here: usize, got: usize, last: &Next) -> After {
        if self.flavour == Flavour::DataCenter {
            return match page.get("total").and_then(Value::as_u64).and_then(|t| usize::try_from(t).ok()) {
                None => After::Stuck("Jira does not say how many tickets there are.".to_owned()),
                Some(total) if got >= total => After::Done,
                // The server may give fewer than were asked for, but none is no way on.
                Some(total) if here == 0 => After::Stuck(format!("Jira gave {got} of {total} tickets.")),
                Some(_) => After::More(Next::Start(got)),
            };
        }
        match (page.get("isLast").and_then(Value::as_bool), page.get("nextPageToken").and_then(Value::as_str)) {
            (Some(true), _) | (None, None) => After::Done,
            (_, Some(token)) if matches!(last, Next::Token(t) if t == token) => {
                After::Stuck("Jira sends to the same page again.".to_owned())
            }
            (_, Some(token)) => After::More(Next::Token(token.to_owned())),
            (Some(false), None) => After::Stuck("Jira has more tickets, and does not say where.".to_owned()),
        }
    }

    async fn by_keys(&self, keys: &[String]) -> Result<Reading, Fault> {
        let mut reading = Reading::default();
        let mut wanted: Vec<&str> = Vec::new();
        for key in keys {
            if !is_key(key) {
                reading.short.add("bad-key", format!("{key} is no ticket key, and was not looked up."));
            } else if !wanted.contains(&key.as_str()) {
                wanted.push(key);
            }
        }
        if wanted.len() > KEYS {
            let text = format!("There are {} ticket keys; only {KEYS} were looked up.", wanted.len());
            reading.short.add("too-many-tickets", text);
            wanted.truncate(KEYS);
        }
        let mut first = true;
        for batch in wanted.chunks(BATCH) {
            match self.batch(batch, &mut reading).await {
                Ok(()) => {}
                Err(fault) if first => return Err(fault),
                Err(fault) => {
                    reading.short.fault("Not all tickets could be read", &fault);
                    reading.tickets.extend(batch.iter().map(|key| issue::unread(key, self.http.base())));
                }
            }
            first = false;
        }
        // A ticket that was moved answers to its old key too.
        let mut seen = std::collections::HashSet::new();
        reading.tickets.retain(|t| seen.insert(t.key.clone()));
        Ok(reading)
    }

    /// Looks one batch up; what it does not give is asked for singly.
    async fn batch(&self, keys: &[&str], reading: &mut Reading) -> Result<(), Fault> {
        let mut left: Vec<String> = keys.iter().map(|k| (*k).to_owned()).collect();
        if keys.len() > 1 {
            match self.search(&format!("key in ({})", keys.join(",")), FoundBy::CommitMessage).await {
                Ok(found) => {
                    left.retain(|key| !found.tickets.iter().any(|t| t.key.raw() == key));
                    reading.tickets.extend(found.tickets);
                    reading.raw.extend(found.raw);
                    reading.short.0.extend(found.short.0);
                    reading.date = found.date.or(reading.date);
                }
                // One unknown key refuses the whole query.
                Err(fault) if fault.kind == FaultKind::Refused(400) => {}
                Err(fault) => return Err(fault),
            }
        }
        let mut answers = futures_util::stream::iter(left)
            .map(|key| async move {
                let result = self.one(&key).await;
                (key, result)
            })
            .buffered(AT_ONCE);
        let mut first_fault = None;
        while let Some((key, result)) = answers.next().await {
            match result {
                Ok((ticket, raw, odd)) => {
                    if odd {
                        reading.short.add("odd-ticket", format!("The ticket {key} could not be read as a whole."));
                    }
                    reading.tickets.push(ticket);
                    reading.raw.push(raw);
                }
                Err(fault) if fault.kind == FaultKind::NotFound => {
                    reading.short.add("ticket-not-found", format!("The ticket {key} was not found."));
                    reading.tickets.push(issue::not_found(&key, self.http.base()));
                }
                Err(fault) => {
                    reading.short.fault(&format!("The ticket {key} could not be read"), &fault);
                    reading.tickets.push(issue::unread(&key, self.http.base()));
                    first_fault = first_fault.or(Some(fault));
                }
            }
        }
        match first_fault {
            Some(fault) if reading.raw.is_empty() => Err(fault),
            _ => Ok(()),
        }
    }

    /// One ticket by its key: through jira_query, and where that fails once more by our own client, which reads issues
    /// that jira_query is too strict for and knows the status of an error.
    async fn one(&self, key: &str) -> Result<(Ticket, Raw, bool), Fault> {
        if let Some((value, raw)) = self.single.issue(key).await {
            let (ticket, odd) = issue::read(&value, self.http.base(), FoundBy::CommitMessage);
            return Ok((ticket, raw, odd));
        }
        let (value, answer) = self.get(&format!("rest/api/2/issue/{key}?fields={}", query_value(FIELDS))).await?;
        let (ticket, odd) = issue::read(&value, self.http.base(), FoundBy::CommitMessage);
        Ok((ticket, answer.into(), odd))
    }
}

enum Next {
    First,
    Token(String),
    Start(usize),
}

enum After {
    Done,
    More(Next),
    Stuck(String),
}

#[async_trait]
impl Source for Jira {
    async fn collect(&self, ask: &Ask) -> Result<Gathered, Fault> {
        let Reading { tickets, raw, short, date } = match &ask.what {
            What::Jql { jql } => self.search(jql, FoundBy::Query).await?,
            What::Keys { keys } => self.by_keys(keys).await?,
            other => return Err(not_served(&self.uri(), "Jira", other)),
        };
        let uri = raw.first().map_or_else(|| self.uri(), |r| r.uri.clone());
        Ok(Gathered { uri, material: Material::Tickets(tickets), raw, shortfall: short.into_reason(), date })
    }

    async fn check(&self) -> Result<Checked, Fault> {
        self.single.verify().await?;
        let (me, answer) = self.get("rest/api/2/myself").await?;
        let text = |name: &str| me.get(name).and_then(Value::as_str);
        let who = text("displayName").or_else(|| text("name")).unwrap_or("an unknown user");
        let flavour = match self.flavour {
            Flavour::Cloud => "Cloud",
            Flavour::DataCenter => "Data Center",
        };
        let line = crate::text::line(&format!("Jira {flavour}, as {who}")).into_owned();
        Ok(Checked { line, date: answer.date })
    }
}

#[cfg(test)]
mod tests;
