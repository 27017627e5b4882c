//! The scenario files and reports of the demo world.

/// The scenarios, by name.
pub const SCENARIOS: &[(&str, &str)] = &[
    ("world.toml", include_str!("../../../assets/scenarios/world.toml")),
    ("payments.toml", include_str!("../../../assets/scenarios/payments.toml")),
    ("checkout.toml", include_str!("../../../assets/scenarios/checkout.toml")),
    ("ledger-api.toml", include_str!("../../../assets/scenarios/ledger-api.toml")),
    ("search.toml", include_str!("../../../assets/scenarios/search.toml")),
    ("profile.toml", include_str!("../../../assets/scenarios/profile.toml")),
    ("invoices.toml", include_str!("../../../assets/scenarios/invoices.toml")),
    ("catalog.toml", include_str!("../../../assets/scenarios/catalog.toml")),
    ("vault-proxy.toml", include_str!("../../../assets/scenarios/vault-proxy.toml")),
    ("mailer.toml", include_str!("../../../assets/scenarios/mailer.toml")),
    ("monolith.toml", include_str!("../../../assets/scenarios/monolith.toml")),
    ("guestbook.toml", include_str!("../../../assets/scenarios/guestbook.toml")),
    ("reports.toml", include_str!("../../../assets/scenarios/reports.toml")),
    ("legacy.toml", include_str!("../../../assets/scenarios/legacy.toml")),
];

/// A report by name: `bandit-clean.json`.
pub fn report(name: &str) -> Option<&'static str> {
    Some(match name {
        "bandit-clean.json" => include_str!("../../../assets/scenarios/reports/bandit-clean.json"),
        "bandit-ledger.json" => include_str!("../../../assets/scenarios/reports/bandit-ledger.json"),
        "bandit-ledger-next.json" => include_str!("../../../assets/scenarios/reports/bandit-ledger-next.json"),
        "bandit-hostile.json" => include_str!("../../../assets/scenarios/reports/bandit-hostile.json"),
        "trivy-clean.json" => include_str!("../../../assets/scenarios/reports/trivy-clean.json"),
        "trivy-critical.json" => include_str!("../../../assets/scenarios/reports/trivy-critical.json"),
        "zap-quiet.json" => include_str!("../../../assets/scenarios/reports/zap-quiet.json"),
        "zap-quiet.xml" => include_str!("../../../assets/scenarios/reports/zap-quiet.xml"),
        "semgrep.sarif" => include_str!("../../../assets/scenarios/reports/semgrep.sarif"),
        _ => return None,
    })
}
