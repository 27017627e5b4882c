//! What the tests of the sources share.

use super::registry::Settings;
use super::{Ask, Gathered, Keeper, What};
use crate::clock::SharedClock;
use crate::domain::evidence::Kind;
use crate::domain::release::Release;
use crate::http::testing::{StillClock, limits};
use crate::http::{Auth, Tls};
use crate::secrets::Secret;
use crate::source::jira::Flavour;
use crate::text::Untrusted;

/// The commit of the release that the tests ask about.
pub(crate) const COMMIT: &str = "1111111111111111111111111111111111111111";

/// Settings for a server of a test.
pub(crate) fn settings(url: &str) -> Settings {
    let clock: SharedClock = StillClock::new();
    Settings {
        name: "test".into(),
        url: url.into(),
        auth: Auth::Bearer(Secret::new("t0ken")),
        tls: Tls::default(),
        limits: limits(),
        clock,
        flavour: Flavour::Cloud,
    }
}

/// A question about release 1.4.2 of payments.
pub(crate) fn ask(kind: Kind, what: What) -> Ask {
    let release = Release {
        service: "payments".into(),
        version: "1.4.2".into(),
        environment: "prod".into(),
        commit: Some(COMMIT.into()),
        branch: Some("main".into()),
        artifacts: Vec::new(),
    };
    Ask { kind, what, release, build: None, base: None, keeper: Keeper::default() }
}

/// The code of the shortfall; empty if all is there.
pub(crate) fn code(gathered: &Gathered) -> &str {
    gathered.shortfall.as_ref().map_or("", |r| r.code.as_str())
}

/// The text of the shortfall.
pub(crate) fn words(gathered: &Gathered) -> &str {
    gathered.shortfall.as_ref().map_or("", |r| r.text.raw())
}

/// Optional text.
pub(crate) fn raw(text: Option<&Untrusted>) -> Option<&str> {
    text.map(Untrusted::raw)
}
