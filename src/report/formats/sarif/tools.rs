//! Which classes of findings a tool that writes SARIF assesses, by its name.

use crate::domain::finding::Class;

/// Names, or parts of them, in lower case; the first that fits counts.
#[rustfmt::skip]
const TOOLS: &[(&str, &[Class])] = &[
    ("snyk open source", &[Class::Sca]),
    ("snyk container", &[Class::Container]),
    ("snyk iac", &[Class::Iac]),
    ("trivy", &[Class::Sca, Class::Container]),
    ("grype", &[Class::Sca, Class::Container]),
    ("anchore", &[Class::Sca, Class::Container]),
    ("docker scout", &[Class::Sca, Class::Container]),
    ("clair", &[Class::Container]),
    ("dockle", &[Class::Container]),
    ("roxctl", &[Class::Container]),
    ("stackrox", &[Class::Container]),
    ("osv", &[Class::Sca]),
    ("dependency", &[Class::Sca]),
    ("audit", &[Class::Sca]),
    ("govulncheck", &[Class::Sca]),
    ("gitleaks", &[Class::Secret]),
    ("betterleaks", &[Class::Secret]),
    ("trufflehog", &[Class::Secret]),
    ("noseyparker", &[Class::Secret]),
    ("kingfisher", &[Class::Secret]),
    ("ggshield", &[Class::Secret]),
    ("secret", &[Class::Secret]),
    ("checkov", &[Class::Iac]),
    ("tfsec", &[Class::Iac]),
    ("tflint", &[Class::Iac]),
    ("hadolint", &[Class::Iac]),
    ("terrascan", &[Class::Iac]),
    ("kics", &[Class::Iac]),
    ("kube", &[Class::Iac]),
    ("cfn", &[Class::Iac]),
    ("zap", &[Class::Dast]),
    ("nuclei", &[Class::Dast]),
    ("nikto", &[Class::Dast]),
    ("wapiti", &[Class::Dast]),
    ("burp", &[Class::Dast]),
    ("dast", &[Class::Dast]),
    ("fuzz", &[Class::Fuzz]),
    ("mayhem", &[Class::Fuzz]),
];

/// The classes that a tool assesses; what is not known is a tool that reads source code.
pub(super) fn classes(tool: &str) -> &'static [Class] {
    let tool = tool.to_lowercase();
    TOOLS.iter().find(|(name, _)| tool.contains(name)).map_or(&[Class::Sast], |(_, classes)| *classes)
}

/// Whether a rule is one about secrets, by its id: the place quotes what it found. Semgrep keeps such rules in a folder of
/// that name, Checkov numbers them so.
pub(super) fn is_of_secrets(rule: &str) -> bool {
    rule.split('.').any(|part| part == "secrets") || rule.starts_with("CKV_SECRET_")
}

/// The class of one result, by the id, the name and the tags of its rule, else the first of its tool.
pub(super) fn class_of<'t>(tool: &[Class], id: &str, rule_name: &str, tags: impl Iterator<Item = &'t str>) -> Class {
    if is_of_secrets(id) {
        return Class::Secret;
    }
    let by_word = |word: &str| match word.to_ascii_lowercase().as_str() {
        "ospackagevulnerability" => Some(Class::Container),
        "languagespecificpackagevulnerability" => Some(Class::Sca),
        "misconfiguration" => Some(Class::Iac),
        "secret" => Some(Class::Secret),
        "license" | "licence" => Some(Class::Licence),
        _ => None,
    };
    // A reader of source code may have rules about secrets in code by their tags; they stay what the tool assesses, unless
    // the rule is of the class that Semgrep calls so.
    if tool == [Class::Sast] {
        let secret = tags.into_iter().any(|tag| tag.eq_ignore_ascii_case("hard-coded secrets"));
        return if secret { Class::Secret } else { Class::Sast };
    }
    by_word(rule_name).or_else(|| { tags }.find_map(by_word)).or_else(|| tool.first().copied()).unwrap_or(Class::Sast)
}
