//! A token in a header of the system's own, as Vault wants it.

use reqwest::RequestBuilder;
use reqwest::header::HeaderValue;

use super::{Fault, FaultKind, Http};
use crate::secrets::Secret;

impl Http {
    /// The same, with a token in a header; the name is in lower case. Reads follow redirects within the origin only, and
    /// writes none: the libraries below take such a header along to wherever they are sent.
    pub fn with_header(mut self, name: &'static str, token: Secret) -> Self {
        self.header = Some((name, token));
        self
    }

    pub(super) fn add_header(&self, request: RequestBuilder, uri: &str) -> Result<RequestBuilder, Fault> {
        let Some((name, token)) = &self.header else { return Ok(request) };
        let mut value = HeaderValue::from_str(token.expose())
            .map_err(|_e| Fault::new(FaultKind::Setup, uri, "the token cannot stand in a header"))?;
        value.set_sensitive(true);
        Ok(request.header(*name, value))
    }

    /// The text without the token, should the other side repeat it.
    pub(super) fn redacted(&self, text: String) -> String {
        // A word before it says what kind of token it is.
        let token = self.header.as_ref().and_then(|(_, token)| token.expose().rsplit(' ').next());
        match token.filter(|t| !t.is_empty()) {
            Some(token) => text.replace(token, "[secret]"),
            None => text,
        }
    }
}
