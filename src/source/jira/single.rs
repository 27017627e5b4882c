//! Single issues and the login check, through the package jira_query.
//!
//! jira_query pastes what it is given into the address, gives no status for errors, and refuses issues that lack fields
//! it wants. So only validated keys come here, every failure is asked again by our own client, and the client that it
//! is given has our limits of time and follows no redirect elsewhere. It cannot be given a limit of size.

use jira_query::{JiraInstance, JiraQueryError};
use serde_json::Value;

use super::keys::is_key;
use super::{Flavour, Raw};
use crate::http::{Auth, Fault, FaultKind, Http};
use crate::source::registry::Settings;

/// jira_query, set up for one site.
pub(super) struct Single {
    host: String,
    auth: Auth,
    client: reqwest_jira::Client,
    flavour: Flavour,
}

impl Single {
    /// Sets the client up as ours is: TLS material, times, redirects.
    pub(super) fn new(http: &Http, settings: &Settings) -> Result<Self, Fault> {
        let host = http.base().as_str().trim_end_matches('/').to_owned();
        let setup = |e: reqwest_jira::Error| Fault::new(FaultKind::Setup, &host, e.without_url().to_string());
        let mut builder = reqwest_jira::Client::builder()
            .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.limits.connect)
            .timeout(settings.limits.total)
            .redirect(reqwest_jira::redirect::Policy::none());
        if let Some(ca) = &settings.tls.ca {
            for certificate in reqwest_jira::Certificate::from_pem_bundle(ca).map_err(setup)? {
                builder = builder.add_root_certificate(certificate);
            }
        }
        if let Some((chain, key)) = &settings.tls.identity {
            let identity = reqwest_jira::Identity::from_pkcs8_pem(chain, key.expose().as_bytes()).map_err(setup)?;
            builder = builder.identity(identity);
        }
        let client = builder.build().map_err(setup)?;
        Ok(Self { host, auth: settings.auth.clone(), client, flavour: settings.flavour })
    }

    fn instance(&self) -> Result<JiraInstance, JiraQueryError> {
        let auth = match &self.auth {
            Auth::None => jira_query::Auth::Anonymous,
            Auth::Bearer(token) => jira_query::Auth::ApiKey(token.expose().to_owned()),
            Auth::Basic { user, password } => {
                jira_query::Auth::Basic { user: user.clone(), password: password.expose().to_owned() }
            }
        };
        let instance = JiraInstance::at(self.host.clone())?.authenticate(auth).with_client(self.client.clone());
        Ok(match self.flavour {
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
        let issue = self.instance().ok()?.issue(key).await.ok()?;
        let value = serde_json::to_value(&issue).ok()?;
        let raw = Raw {
            uri: format!("{}/rest/api/2/issue/{key}#as-read-by-jira_query", self.host),
            media_type: "application/json".to_owned(),
            bytes: serde_json::to_vec(&issue).ok()?,
        };
        Some((value, raw))
    }

    /// Whether the credentials are accepted.
    pub(super) async fn verify(&self) -> Result<(), Fault> {
        let uri = format!("{}/rest/api/2/myself", self.host);
        let instance = self.instance().map_err(|e| Fault::new(FaultKind::Setup, &uri, e.to_string()))?;
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
