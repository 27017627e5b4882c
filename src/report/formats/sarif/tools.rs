//! Which classes of findings a tool that writes SARIF assesses, by its name.

use crate::domain::finding::Class;

/// Names, or parts of them, as [`known`] compares them: in lower case, with blanks for all that is neither letter nor
/// number, and blanks around. The first that fits counts.
#[rustfmt::skip]
const TOOLS: &[(&str, &[Class])] = &[
    ("snyk open source", &[Class::Sca]),
    ("snyk container", &[Class::Container]),
    ("snyk iac", &[Class::Iac]),
    ("snyk code", &[Class::Sast]),
    ("snykcode", &[Class::Sast]),
    ("trivy", &[Class::Sca, Class::Container]),
    ("grype", &[Class::Sca, Class::Container]),
    ("anchore", &[Class::Sca, Class::Container]),
    ("docker scout", &[Class::Sca, Class::Container]),
    ("clair", &[Class::Container]),
    ("dockle", &[Class::Container]),
    ("roxctl", &[Class::Container]),
    ("stackrox", &[Class::Container]),
    ("jfrog terraform", &[Class::Iac]),
    ("jfrog secrets", &[Class::Secret]),
    ("jfrog sast", &[Class::Sast]),
    ("jfrog applicability", &[Class::Sca]),
    ("xray", &[Class::Sca, Class::Container]),
    ("sysdig", &[Class::Container, Class::Sca]),
    ("twistcli", &[Class::Container, Class::Sca]),
    ("twistlock", &[Class::Container, Class::Sca]),
    ("prisma cloud", &[Class::Container, Class::Sca]),
    ("aqua", &[Class::Container, Class::Sca]),
    ("wiz iac", &[Class::Iac]),
    (" wiz ", &[Class::Container, Class::Sca]),
    (" wizcli ", &[Class::Container, Class::Sca]),
    ("neuvector", &[Class::Container]),
    ("whitesource", &[Class::Sca]),
    (" mend ", &[Class::Sca]),
    ("black duck", &[Class::Sca]),
    ("blackduck", &[Class::Sca]),
    ("sonatype", &[Class::Sca]),
    ("nexus iq", &[Class::Sca]),
    ("retire js", &[Class::Sca]),
    ("retirejs", &[Class::Sca]),
    ("cve bin tool", &[Class::Sca]),
    (" depscan ", &[Class::Sca]),
    (" dep scan ", &[Class::Sca]),
    ("osv", &[Class::Sca]),
    ("dependency", &[Class::Sca]),
    ("dependabot", &[Class::Sca]),
    ("npm audit", &[Class::Sca]),
    ("yarn audit", &[Class::Sca]),
    ("pnpm audit", &[Class::Sca]),
    ("auditjs", &[Class::Sca]),
    ("pip audit", &[Class::Sca]),
    ("cargo audit", &[Class::Sca]),
    ("cargo deny", &[Class::Sca, Class::Licence]),
    ("bundler audit", &[Class::Sca]),
    ("bundle audit", &[Class::Sca]),
    ("composer audit", &[Class::Sca]),
    ("mix audit", &[Class::Sca]),
    ("nancy", &[Class::Sca]),
    ("govulncheck", &[Class::Sca]),
    ("lynis", &[Class::Infra]),
    ("gitleaks", &[Class::Secret]),
    ("betterleaks", &[Class::Secret]),
    ("trufflehog", &[Class::Secret]),
    ("noseyparker", &[Class::Secret]),
    ("nosey parker", &[Class::Secret]),
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
    ("ansible", &[Class::Iac]),
    ("terraform", &[Class::Iac]),
    ("bicep", &[Class::Iac]),
    ("template analyzer", &[Class::Iac]),
    ("templateanalyzer", &[Class::Iac]),
    (" regula ", &[Class::Iac]),
    ("datree", &[Class::Iac]),
    ("conftest", &[Class::Iac]),
    ("helm", &[Class::Iac]),
    ("dockerfile", &[Class::Iac]),
    (" iac ", &[Class::Iac]),
    ("zap", &[Class::Dast]),
    ("nuclei", &[Class::Dast]),
    ("nikto", &[Class::Dast]),
    ("wapiti", &[Class::Dast]),
    ("burp", &[Class::Dast]),
    ("invicti", &[Class::Dast]),
    ("netsparker", &[Class::Dast]),
    ("acunetix", &[Class::Dast]),
    ("stackhawk", &[Class::Dast]),
    ("arachni", &[Class::Dast]),
    ("schemathesis", &[Class::Dast]),
    ("dast", &[Class::Dast]),
    ("fuzz", &[Class::Fuzz]),
    ("mayhem", &[Class::Fuzz]),
    // Readers of source code and of programs.
    ("bandit", DEFAULT), ("semgrep", DEFAULT), ("opengrep", DEFAULT), ("codeql", DEFAULT), ("gosec", DEFAULT),
    ("flawfinder", DEFAULT), ("spotbugs", DEFAULT), ("findbugs", DEFAULT), ("find security bugs", DEFAULT),
    ("findsecbugs", DEFAULT), ("brakeman", DEFAULT), ("eslint", DEFAULT), ("security code scan", DEFAULT),
    ("security analysis", DEFAULT), ("shell script analysis", DEFAULT), ("static", DEFAULT), ("sast", DEFAULT),
    ("code analysis", DEFAULT), ("codeanalysis", DEFAULT), ("sonar", DEFAULT), ("checkmarx", DEFAULT),
    ("fortify", DEFAULT), ("veracode", DEFAULT), ("coverity", DEFAULT), ("klocwork", DEFAULT), ("kiuwan", DEFAULT),
    ("codesonar", DEFAULT), ("parasoft", DEFAULT), ("polyspace", DEFAULT), ("pvs studio", DEFAULT),
    ("helix qac", DEFAULT), ("cppcheck", DEFAULT), ("clang", DEFAULT), (" gcc ", DEFAULT), ("gnu c", DEFAULT),
    ("visual c", DEFAULT), ("prefast", DEFAULT), ("roslyn", DEFAULT), ("binskim", DEFAULT), ("devskim", DEFAULT),
    ("application inspector", DEFAULT), ("inspectcode", DEFAULT), ("resharper", DEFAULT), ("qodana", DEFAULT),
    (" infer ", DEFAULT), ("fbinfer", DEFAULT), (" pmd ", DEFAULT), ("detekt", DEFAULT), ("android lint", DEFAULT),
    ("psalm", DEFAULT), ("phpstan", DEFAULT), ("phpcs", DEFAULT), ("progpilot", DEFAULT), ("rubocop", DEFAULT),
    ("pylint", DEFAULT), (" ruff ", DEFAULT), ("flake8", DEFAULT), ("mypy", DEFAULT), ("pyright", DEFAULT),
    (" pysa ", DEFAULT), ("shellcheck", DEFAULT), ("clippy", DEFAULT), ("swiftlint", DEFAULT), ("golangci", DEFAULT),
    ("oxlint", DEFAULT), (" biome ", DEFAULT), ("insider", DEFAULT), ("horusec", DEFAULT), ("bearer", DEFAULT),
    ("njsscan", DEFAULT), ("nodejsscan", DEFAULT), ("mobsf", DEFAULT), ("mobsfscan", DEFAULT), ("graudit", DEFAULT),
    ("mariana trench", DEFAULT), ("slither", DEFAULT), ("mythril", DEFAULT), ("aderyn", DEFAULT), ("joern", DEFAULT),
    ("codacy", DEFAULT), ("appscan", DEFAULT), ("contrast", DEFAULT), ("deepsource", DEFAULT), ("zizmor", DEFAULT),
    ("psscriptanalyzer", DEFAULT), ("sobelow", DEFAULT), ("weggli", DEFAULT), ("appscreener", DEFAULT),
    ("codeguru", DEFAULT), ("codescanner", DEFAULT),
];

/// What the results of a tool are taken for of which nothing is known: SARIF was made for readers of source code.
pub(super) const DEFAULT: &[Class] = &[Class::Sast];

/// The classes that a tool assesses, also where it finds nothing; `None` if that is not known.
pub(super) fn known(tool: &str) -> Option<&'static [Class]> {
    let plain: String = tool.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { ' ' }).collect();
    let plain = format!(" {} ", plain.split_whitespace().collect::<Vec<_>>().join(" "));
    TOOLS.iter().find(|(name, _)| plain.contains(name)).map(|(_, classes)| *classes)
}

/// The classes that a tool assesses; what is not known is a tool that reads source code.
pub(super) fn classes(tool: &str) -> &'static [Class] {
    known(tool).unwrap_or(DEFAULT)
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
