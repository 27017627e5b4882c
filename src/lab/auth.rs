//! Who is asking.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

use super::call::Call;

/// What a request says of who sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Nothing.
    Anonymous,
    /// Something, and it is right.
    Known,
    /// Something, and it is wrong.
    Wrong,
}

/// Which ways of saying who one is are taken.
#[derive(Debug, Clone, Copy)]
pub struct Ways {
    /// `Basic user:secret`.
    pub basic: bool,
    /// `Basic secret:`, as SonarQube takes its tokens.
    pub token_as_user: bool,
    /// `Bearer secret`, and `token secret`.
    pub bearer: bool,
}

/// Reads what a request claims.
pub fn claim(call: &Call, ways: Ways, user: &str, secret: &SecretString) -> Claim {
    let Some(header) = call.header("authorization") else { return Claim::Anonymous };
    let secret = secret.expose_secret();
    let (scheme, value) = header.split_once(' ').unwrap_or((header, ""));
    let right = match scheme.to_ascii_lowercase().as_str() {
        "basic" => {
            let bytes = STANDARD.decode(value.trim()).unwrap_or_default();
            let said = String::from_utf8(bytes).unwrap_or_default();
            (ways.basic && said == format!("{user}:{secret}")) || (ways.token_as_user && said == format!("{secret}:"))
        }
        "bearer" | "token" => ways.bearer && value.trim() == secret,
        _ => false,
    };
    if right { Claim::Known } else { Claim::Wrong }
}
