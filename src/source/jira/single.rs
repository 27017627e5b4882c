//! Single issues and the login check, through the package jira_query.
//!
//! jira_query pastes what it is given into the address, gives no status for errors, and refuses issues that lack fields
//! it wants. So only validated keys come here, every failure is asked again by our own client, and the client that it
//! is given has our limits of time and follows no redirect elsewhere. It cannot be given a limit of size.

use std::sync::OnceLock;

use jira_query::{JiraInstance, JiraQueryError};
use serde_json::Value;
use url::Url;

use super::keys::is_key;
use super::{Flavour, Raw};
use crate::http::{Auth, Fault, FaultKind, Http, Limits, Tls, tls_config};
use crate::source::Body;
use crate::source::registry::Settings;

/// jira_query, set up for one site.
pub(super) struct Single {
    base: Url,
    auth: Auth,
    tls: Tls,
    limits: Limits,
    client: OnceLock<Option<reqwest_jira::Client>>,
    flavour: Flavour,
}

impl Single {
    /// Keeps the settings; the client itself is made when it is first asked.
    pub(super) fn new(http: &Http, settings: &Settings) -> Self {
        Self {
            base: http.base().clone(),
            auth: settings.auth.clone(),
            tls: settings.tls.clone(),
            limits: settings.limits,
            client: OnceLock::new(),
            flavour: settings.flavour,
        }
    }

    fn host(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// The client, set up as ours is: the same TLS material by the same library, times, redirects.
    fn client(&self) -> Option<reqwest_jira::Client> {
        let made = self.client.get_or_init(|| {
            let tls = tls_config(&self.base, &self.tls).ok()?;
            reqwest_jira::Client::builder()
                .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(self.limits.connect)
                .timeout(self.limits.total)
                .redirect(reqwest_jira::redirect::Policy::none())
                .use_preconfigured_tls(tls)
                .build()
                .ok()
        });
        made.clone()
    }

    /// `None` if it cannot be set up; our own client, which has the same settings, then says why.
    fn instance(&self) -> Option<JiraInstance> {
        let auth = match &self.auth {
            Auth::None => jira_query::Auth::Anonymous,
            Auth::Bearer(token) => jira_query::Auth::ApiKey(token.expose().to_owned()),
            Auth::Basic { user, password } => {
                jira_query::Auth::Basic { user: user.clone(), password: password.expose().to_owned() }
            }
        };
        let instance = JiraInstance::at(self.host().to_owned()).ok()?.authenticate(auth).with_client(self.client()?);
        Some(match self.flavour {
            Flavour::Cloud => instance.for_cloud(),
            Flavour::DataCenter => instance,
        })
    }

    /// One issue, as JSON again; `None` if it could not be had this way, for whatever reason. The record is what
    /// jira_query read, written again: it does not hand out the bytes.
    pub(super) async fn issue(&self, key: &str) -> Option<(Value, Raw)> {
        if !is_key(key) {
            return None;
        }
        let issue = self.instance()?.issue(key).await.ok()?;
        let value = serde_json::to_value(&issue).ok()?;
        let raw = Raw {
            uri: format!("{}/rest/api/2/issue/{key}#as-read-by-jira_query", self.host()),
            media_type: "application/json".to_owned(),
            body: Body::Held(serde_json::to_vec(&issue).ok()?.into()),
        };
        Some((value, raw))
    }

    /// Whether the credentials are accepted.
    pub(super) async fn verify(&self) -> Result<(), Fault> {
        let uri = format!("{}/rest/api/2/myself", self.host());
        let Some(instance) = self.instance() else { return Ok(()) };
        match instance.verify_authentication().await {
            // What the server says beside the status is left out: it may repeat the credentials.
            Err(JiraQueryError::AuthenticationFailed { status, .. }) => {
                Err(Fault::new(FaultKind::of_status(status).unwrap_or(FaultKind::Malformed), &uri, ""))
            }
            // Where no answer came, our own client finds out why, in the words of all other faults.
            Ok(()) | Err(_) => Ok(()),
        }
    }
}
