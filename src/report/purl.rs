//! Package URLs: made only where it is sure which ecosystem a package is of.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What is written as it is in a part of a package URL.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~').remove(b':');
/// Types of the packages of operating systems.
const SYSTEMS: [&str; 6] = ["apk", "alpm", "deb", "opkg", "qpkg", "rpm"];

/// The type of package URL that an ecosystem, a package manager or a language means in the words of scanners.
pub(super) fn kind(ecosystem: &str) -> Option<&'static str> {
    Some(match ecosystem.trim().to_ascii_lowercase().as_str() {
        "npm" | "yarn" | "pnpm" | "npmjs" | "node" | "nodejs" | "js" | "javascript" | "javascript/node.js"
        | "yarn-workspace" => "npm",
        "maven" | "gradle" | "sbt" | "ivy" | "maven2" | "maven_artifact" => "maven",
        "pypi" | "pip" | "poetry" | "pipenv" | "python" | "setuptools" | "uv" => "pypi",
        "go" | "golang" | "gomod" | "gomodules" | "golangdep" | "govendor" | "go_package" => "golang",
        "gem" | "rubygems" | "ruby" | "bundler" | "ruby_gem" => "gem",
        "composer" | "packagist" | "php" => "composer",
        "nuget" | "paket" | "dotnet" | ".net" | "nuget_package" => "nuget",
        "cargo" | "crates.io" | "crates" | "rust" => "cargo",
        "hex" | "erlang" | "elixir" => "hex",
        "pub" | "dart" => "pub",
        "cocoapods" => "cocoapods",
        _ => return None,
    })
}

/// The package URL of a package, if the ecosystem is one whose names are known.
pub(super) fn of(ecosystem: &str, name: &str, version: Option<&str>) -> Option<String> {
    let kind = kind(ecosystem)?;
    let name = name.trim();
    let name = match kind {
        // Without a group it could be any of several.
        "maven" if !name.contains([':', '/']) => return None,
        "maven" => name.replace(':', "/"),
        "pypi" => name.to_lowercase().replace('_', "-"),
        // A module has a host before it; the standard library goes by this name everywhere.
        "golang" if name != "stdlib" && !name.contains('.') => return None,
        "golang" | "composer" => name.to_lowercase(),
        _ => name.to_owned(),
    };
    if name.is_empty() || name.contains(char::is_whitespace) {
        return None;
    }
    let path: Vec<String> = name.split('/').map(encoded).collect();
    let version = version.map(str::trim).filter(|v| !v.is_empty());
    let version = version.map(|v| format!("@{}", encoded(v))).unwrap_or_default();
    Some(format!("pkg:{kind}/{}{version}", path.join("/")))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// What a package URL says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts {
    /// Its type, lower case.
    pub kind: String,
    /// The name with what stands before it, as the ecosystem writes it: `group:artifact`, `@scope/name`.
    pub name: String,
    /// The version.
    pub version: Option<String>,
}

impl Parts {
    /// Whether it is a package of an operating system.
    pub(super) fn is_of_system(&self) -> bool {
        SYSTEMS.contains(&self.kind.as_str())
    }
}

/// Takes a package URL apart; `None` if it is none.
pub(super) fn parts(purl: &str) -> Option<Parts> {
    let rest = purl.trim().strip_prefix("pkg:")?.trim_start_matches('/');
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let (kind, path) = rest.split_once('/')?;
    let (path, version) = match path.rsplit_once('@') {
        // An @ at the beginning of a name is a scope that was not encoded.
        Some((before, after)) if !before.is_empty() && !before.ends_with('/') && !after.contains('/') => {
            (before, Some(after))
        }
        _ => (path, None),
    };
    let kind = kind.to_lowercase();
    let mut name = decoded(path.trim_matches('/'));
    if kind == "maven" {
        name = name.replace('/', ":");
    } else if SYSTEMS.contains(&kind.as_str()) {
        // What stands before the name is the distribution.
        name = name.split('/').next_back().map(str::to_owned).unwrap_or_default();
    }
    (!name.is_empty()).then(|| Parts { kind, name, version: version.map(decoded) })
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purls_are_made_where_the_ecosystem_is_sure() {
        for (ecosystem, name, version, purl) in [
            ("npm", "@a/b", "1.0.0", "pkg:npm/%40a/b@1.0.0"),
            ("MAVEN", "org.x:y", "1.0+b", "pkg:maven/org.x/y@1.0%2Bb"),
            ("PyPI", "Ruamel_Yaml", "0.1", "pkg:pypi/ruamel-yaml@0.1"),
            ("Go", "golang.org/x/text", "v0.3.5", "pkg:golang/golang.org/x/text@v0.3.5"),
            ("Packagist", "Guzzle/Psr7", "", "pkg:composer/guzzle/psr7"),
        ] {
            assert_eq!(of(ecosystem, name, Some(version)).as_deref(), Some(purl));
        }
        assert!(of("maven", "log4j", None).is_none() && of("Debian", "zlib", None).is_none());
        assert!(of("Go", "fmt", None).is_none() && of("npm", " ", None).is_none());
    }

    #[test]
    fn purls_are_taken_apart() {
        let of = |purl: &str| parts(purl).map(|p| (p.kind, p.name, p.version.unwrap_or_default()));
        let is = |k: &str, n: &str, v: &str| Some((k.to_owned(), n.to_owned(), v.to_owned()));
        assert_eq!(of("pkg:maven/org.x/y@1.0?type=jar"), is("maven", "org.x:y", "1.0"));
        assert_eq!(of("pkg:npm/%40a/b@1"), is("npm", "@a/b", "1"));
        assert_eq!(of("pkg:npm/@a/b"), is("npm", "@a/b", ""));
        assert_eq!(of("pkg:deb/debian/zlib1g@1.2?arch=amd64"), is("deb", "zlib1g", "1.2"));
        assert!(parts("cpe:/a").is_none() && parts("pkg:npm").is_none() && parts("pkg:npm/").is_none());
    }

    /// What several tools report of one package has to come out as one, or each is dismissed for itself.
    #[test]
    fn a_package_is_the_same_whichever_scanner_names_it() {
        let snyk = r#"{"vulnerabilities": [{"id": "SNYK-JAVA-ORGX-1", "packageName": "org.x:pad", "version": "1.0", "packageManager": "maven",
            "identifiers": {"CVE": ["CVE-2021-1"]}}], "ok": false, "packageManager": "maven", "displayTargetFile": "pom.xml"}"#;
        let check = r#"{"scanInfo": {}, "projectInfo": {}, "dependencies": [{"fileName": "pad-1.0.jar", "packages": [{"id": "pkg:maven/org.x/pad@1.0"}],
            "vulnerabilities": [{"name": "CVE-2021-1", "severity": "HIGH"}]}]}"#;
        let track = r#"[{"component": {"group": "org.x", "name": "pad", "version": "1.0", "purl": "pkg:maven/org.x/pad@1.0?type=jar"},
            "vulnerability": {"vulnId": "GHSA-aaaa-bbbb-cccc", "aliases": [{"cveId": "CVE-2021-1"}]}, "analysis": {}}]"#;
        let osv = r#"{"results": [{"source": {"path": "pom.xml"}, "packages": [{"package": {"name": "org.x:pad", "version": "1.0", "ecosystem": "Maven"},
            "vulnerabilities": [{"id": "GHSA-aaaa-bbbb-cccc", "aliases": ["CVE-2021-1"]}]}]}]}"#;
        let mend = r#"{"vulnerabilities": [{"name": "CVE-2021-1", "library": {"groupId": "org.x", "artifactId": "pad", "version": "1.0", "type": "MAVEN_ARTIFACT"}}]}"#;
        let duck = r#"{"items": [{"componentName": "Pad", "componentVersionName": "1.0", "componentVersionOriginName": "maven", "componentVersionOriginId":
            "org.x:pad:1.0", "vulnerabilityWithRemediation": {"vulnerabilityName": "CVE-2021-1"}}]}"#;
        let iq = r#"{"components": [{"componentIdentifier": {"format": "maven", "coordinates": {"groupId": "org.x", "artifactId": "pad", "version": "1.0"}},
            "securityData": {"securityIssues": [{"reference": "CVE-2021-1", "severity": 7}]}}]}"#;
        let github = r#"{"data": {"repository": {"vulnerabilityAlerts": {"nodes": [{"vulnerableRequirements": "= 1.0", "securityVulnerability": {"package":
            {"ecosystem": "MAVEN", "name": "org.x:pad"}, "advisory": {"identifiers": [{"value": "CVE-2021-1"}]}}}]}}}}"#;
        for text in [snyk, check, track, osv, mend, duck, iq, github] {
            let report = crate::report::read("r", text.as_bytes(), None);
            let finding = &report.findings[0];
            let package = finding.package.as_ref().unwrap();
            assert_eq!(
                (package.name.raw(), package.version.as_ref().unwrap().raw()),
                ("org.x:pad", "1.0"),
                "{}",
                report.format
            );
            let purl = crate::domain::dedup::normalise_purl(package.purl.as_ref().unwrap().raw());
            assert_eq!(purl, "pkg:maven/org.x/pad", "{}", report.format);
            assert_eq!(finding.cves().collect::<Vec<_>>(), ["CVE-2021-1"], "{}", report.format);
        }
    }
}
