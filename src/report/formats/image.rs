//! What reports of images have in common: packages of a system and of languages, their places and package URLs.

use crate::report::prelude::*;

/// Kinds of packages of languages, in the words of scanners, with their type of package URL; empty where there is none
/// that is sure.
const LANGUAGES: [(&str, &str); 60] = [
    ("bower", ""),
    ("c#", "nuget"),
    ("cargo", "cargo"),
    ("cocoapods", "cocoapods"),
    ("composer", "composer"),
    ("conan", "conan"),
    ("conda", ""),
    ("conda-pkg", ""),
    ("dart-pub", "pub"),
    ("dotnet", "nuget"),
    ("dotnet-core", "nuget"),
    ("erlang-otp", ""),
    ("gav", "maven"),
    ("gem", "gem"),
    ("gemspec", "gem"),
    ("go", "golang"),
    ("go-module", "golang"),
    ("gobinary", "golang"),
    ("golang", "golang"),
    ("gomod", "golang"),
    ("gradle", "maven"),
    ("hackage", "hackage"),
    ("hex", "hex"),
    ("jar", "maven"),
    ("java", "maven"),
    ("java-archive", "maven"),
    ("javascript", "npm"),
    ("jenkins-plugin", ""),
    ("library", ""),
    ("lua-rocks", ""),
    ("maven", "maven"),
    ("node", "npm"),
    ("node-pkg", "npm"),
    ("nodejs", "npm"),
    ("nodepkg", "npm"),
    ("npm", "npm"),
    ("nuget", "nuget"),
    ("opam", ""),
    ("package", ""),
    ("php", "composer"),
    ("php-composer", "composer"),
    ("php-pear", ""),
    ("php-pecl", ""),
    ("pip", "pypi"),
    ("pipenv", "pypi"),
    ("pnpm", "npm"),
    ("poetry", "pypi"),
    ("pod", "cocoapods"),
    ("pub", "pub"),
    ("pypi", "pypi"),
    ("python", "pypi"),
    ("python-pkg", "pypi"),
    ("pythonpkg", "pypi"),
    ("ruby", "gem"),
    ("rubygems", "gem"),
    ("rust", "cargo"),
    ("rust-crate", "cargo"),
    ("rustbinary", "cargo"),
    ("swift", "swift"),
    ("yarn", "npm"),
];

/// A vulnerability of a package in an image, in the words of the report.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Flaw<'v> {
    /// `CVE-2024-1`.
    pub id: &'v str,
    /// A short name of it, if it has one.
    pub title: Option<&'v str>,
    /// What is said of it.
    pub description: Option<&'v str>,
    /// The package's name.
    pub name: Option<&'v str>,
    /// Its version.
    pub version: Option<&'v str>,
    /// What kind of package: `npm`, `deb`; empty if it is not known.
    pub kind: &'v str,
    /// The distribution: `debian:12`; empty if it is not known.
    pub distro: &'v str,
    /// The package URL, if the report has it.
    pub purl: Option<&'v str>,
    /// The image, as the report calls it.
    pub image: Option<&'v str>,
    /// The file in the image that the package was found in.
    pub path: Option<&'v str>,
    /// The versions in which it is mended.
    pub fixed: Option<&'v str>,
}

impl Flaw<'_> {
    /// The finding. The place of a package of a language is its file, as Trivy has it; of all others it is the image.
    pub(super) fn draft(&self) -> Draft {
        let path = self.path.map(|p| p.trim().trim_start_matches('/')).filter(|p| !p.is_empty());
        let mut draft = match path {
            Some(path) if is_language(self.kind) => {
                let mut draft = Draft::new(Class::Sca);
                draft.path = Some(path.to_owned());
                draft
            }
            _ => {
                let mut draft = Draft::new(Class::Container);
                draft.path = self.image.map(str::to_owned);
                draft
            }
        };
        self.id.trim().clone_into(&mut draft.rule);
        let name = self.name.unwrap_or_default().trim();
        draft.title = match self.title {
            Some(title) => title.to_owned(),
            None if name.is_empty() => self.id.to_owned(),
            None if self.id.trim().is_empty() => format!("Vulnerability in {name}"),
            None => format!("{} in {name}", self.id),
        };
        self.description.unwrap_or(&draft.title).clone_into(&mut draft.detail);
        draft.vulnerabilities = ids(self.id);
        let purl = self.purl.map(str::to_owned).or_else(|| purl(self.kind, self.distro, name, self.version));
        let fixed = self.fixed.map(versions);
        draft.in_package(Some(name), self.version, purl.as_deref(), fixed.as_deref());
        draft
    }
}

/// Versions without the words and signs before them: `fixed in 1.2, 2.3`, `≥ 1.2`; `None` and the like are no version.
pub(super) fn versions(text: &str) -> String {
    let word = |v: &str| {
        let v =
            v.trim().trim_start_matches(['≥', '>', '=', '[', '(', ' ']).trim_end_matches([']', ')', ' ']).to_owned();
        let nothing = ["", "none", "n/a", "-", "null", "unknown", "not available", "open", "needed", "deferred"];
        (!nothing.contains(&v.to_ascii_lowercase().as_str())).then_some(v)
    };
    let bare = text.trim();
    let bare = bare.strip_prefix("fixed in").or_else(|| bare.strip_prefix("Fixed in")).unwrap_or(bare);
    bare.split([',', '|', ';']).filter_map(word).collect::<Vec<_>>().join(",")
}

/// The ids of vulnerabilities in an id of a database; one that is of another kind (`ALAS-2024-1`) stands for itself.
pub(super) fn ids(id: &str) -> Vec<String> {
    let found = words::vulnerability_ids(id);
    if found.is_empty() && !id.trim().is_empty() { vec![id.trim().to_ascii_uppercase()] } else { found }
}

/// The type of package URL for a kind of package; `None` if it is none of a language.
fn language(kind: &str) -> Option<&'static str> {
    let kind = kind.trim().to_ascii_lowercase().replace('_', "-");
    LANGUAGES.iter().find(|(k, _)| *k == kind).map(|(_, p)| *p)
}

/// Whether a kind of package is one of a programming language, not of the operating system.
pub(super) fn is_language(kind: &str) -> bool {
    language(kind).is_some()
}

/// The package URL, where the kind of package leaves no doubt.
pub(super) fn purl(kind: &str, distro: &str, name: &str, version: Option<&str>) -> Option<String> {
    let name = name.trim();
    if name.is_empty() || name.contains(char::is_whitespace) {
        return None;
    }
    let (kind, name) = match language(kind) {
        Some("") => return None,
        // Without its group the name of a Java archive says little.
        Some("maven") => ("maven".to_owned(), name.split_once(':').map(|(g, a)| format!("{g}/{a}"))?),
        Some("pypi") => ("pypi".to_owned(), name.to_ascii_lowercase().replace('_', "-")),
        Some(kind) => (kind.to_owned(), name.replace('@', "%40")),
        None => (system(kind, distro)?, name.to_owned()),
    };
    let version = version.map(str::trim).filter(|v| !v.is_empty() && !v.contains(char::is_whitespace));
    let version = version.map(|v| format!("@{}", v.replace('+', "%2B"))).unwrap_or_default();
    Some(format!("pkg:{kind}/{name}{version}"))
}

/// The beginning of the package URL for a distribution's packages. Of the many that use RPM the names differ from scanner
/// to scanner.
fn system(kind: &str, distro: &str) -> Option<String> {
    let family: String =
        distro.trim().chars().take_while(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect();
    let packed = match family.as_str() {
        "debian" | "ubuntu" => "deb",
        "alpine" | "wolfi" => "apk",
        "centos" | "rocky" | "fedora" => "rpm",
        _ => return None,
    };
    let kind = kind.trim().to_ascii_lowercase();
    let fits = matches!(kind.as_str(), "" | "os" | "dpkg" | "apkg") || kind == packed;
    fits.then(|| format!("{packed}/{family}"))
}

/// Of several scores the one of the newest kind: with a vector of version 3 or 4 before one without, before version 2.
pub(super) fn best(scores: impl IntoIterator<Item = Cvss>) -> Cvss {
    let rank = |c: &Cvss| match &c.vector {
        _ if c.score.is_none() => 0,
        Some(vector) if vector.starts_with("CVSS:") => 3,
        None => 2,
        Some(_) => 1,
    };
    let mut best = Cvss::default();
    for score in scores {
        if rank(&score) > rank(&best) {
            best = score;
        }
        // None can be better.
        if rank(&best) == 3 {
            break;
        }
    }
    best
}

/// An element of a list of results, which has to be an object.
pub(super) fn object<'n, 'a>(node: &'n Node<'a>, what: &str) -> Result<&'n Node<'a>, Unreadable> {
    if node.is_object() {
        Ok(node)
    } else {
        Err(Unreadable(format!("{what} has to be an object, and is {}.", node.kind())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_urls_are_built_where_they_are_sure() {
        for (kind, distro, name, url) in [
            ("npm", "", "@babel/core", Some("pkg:npm/%40babel/core@1")),
            ("Java", "", "org.x:y", Some("pkg:maven/org.x/y@1")),
            ("java", "", "y", None),
            ("deb", "ubuntu:18.04", "apt", Some("pkg:deb/ubuntu/apt@1")),
            ("", "alpine:v3.10", "musl", Some("pkg:apk/alpine/musl@1")),
            ("deb", "", "apt", None),
            ("python", "", "Ruamel_Yaml", Some("pkg:pypi/ruamel-yaml@1")),
            ("os", "amzn:2", "curl", None),
        ] {
            assert_eq!(purl(kind, distro, name, Some("1")).as_deref(), url, "{kind} {name}");
        }
    }

    #[test]
    fn versions_are_freed_from_words() {
        assert_eq!(versions("fixed in 4.1.3, >=4.0.9"), "4.1.3,4.0.9");
        assert_eq!(versions("None"), "");
        assert_eq!(versions("≥ 1:11.0.5"), "1:11.0.5");
    }

    /// Whoever reports it: the same vulnerability of the same package in the same image is one.
    #[test]
    fn scanners_of_images_agree_with_each_other() {
        let reports = [
            r#"{"SchemaVersion": 2, "ArtifactName": "r.example/pay:1", "Results": [{"Target": "r.example/pay:1 (debian 12.5)", "Class": "os-pkgs",
                "Type": "debian", "Vulnerabilities": [{"VulnerabilityID": "CVE-2024-1", "PkgName": "curl", "InstalledVersion": "7-2", "Severity": "HIGH",
                "PkgIdentifier": {"PURL": "pkg:deb/debian/curl@7-2?arch=amd64"}}]}]}"#,
            r#"{"matches": [{"vulnerability": {"id": "CVE-2024-1", "severity": "High"}, "artifact": {"name": "curl", "version": "7-2", "type": "deb",
                "purl": "pkg:deb/debian/curl@7-2"}}], "source": {"type": "image", "target": {"userInput": "r.example/pay:1"}}, "descriptor": {"name": "grype"}}"#,
            r#"{"image": "r.example/pay:1", "unapproved": [], "vulnerabilities": [{"featurename": "curl", "featureversion": "7-2",
                "vulnerability": "CVE-2024-1", "namespace": "debian:12", "severity": "High"}]}"#,
            r#"[{"imageFullTag": "r.example/pay:1", "feedGroup": "debian:12", "packageName": "curl", "packageType": "dpkg", "packageVersion": "7-2",
                "severity": "High", "vuln": "CVE-2024-1"}]"#,
            r#"{"image": "r.example/pay:1", "os": "debian", "version": "12", "scan_started": {}, "vulnerability_summary": {}, "resources": [
                {"resource": {"format": "deb", "name": "curl", "version": "7-2"}, "vulnerabilities": [{"name": "CVE-2024-1", "aqua_severity": "high"}]}]}"#,
            r#"{"results": [{"id": "sha256:1", "name": "r.example/pay:1", "vulnerabilityDistribution": {}, "distro": "Debian GNU/Linux 12", "vulnerabilities": [
                {"id": "CVE-2024-1", "severity": "high", "packageName": "curl (used in libcurl4)", "packageVersion": "7-2"}]}]}"#,
            r#"{"result": {"metadata": {"pullString": "r.example/pay:1", "baseOs": "debian 12.5"}, "packages": [{"type": "os", "name": "curl",
                "version": "7-2", "vulns": [{"name": "CVE-2024-1", "severity": {"value": "High"}}]}]}}"#,
            r#"{"report": {"registry": "https://r.example", "repository": "pay", "tag": "1", "base_os": "debian:12", "modules": [], "vulnerabilities": [
                {"name": "CVE-2024-1", "severity": "High", "package_name": "curl", "package_version": "7-2"}]}}"#,
        ];
        let lists: Vec<_> =
            reports.iter().map(|text| crate::report::read("r", text.as_bytes(), None).findings).collect();
        assert!(lists.iter().all(|l| l.len() == 1));
        let keys: Vec<_> = lists.iter().map(|l| l[0].keys[0].clone()).collect();
        assert!(keys.iter().all(|k| *k == keys[0]), "what was dismissed in one is dismissed in all");
        let merged = crate::domain::dedup::merge_across(lists);
        assert_eq!((merged.len(), merged[0].sources.len()), (1, reports.len()));
    }

    #[test]
    fn the_newest_score_counts() {
        let second = Cvss::of(Some(5.0), Some("AV:N/AC:L/Au:N/C:P/I:N/A:N"));
        let third = Cvss::of(Some(7.5), Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"));
        assert_eq!(best([second, Cvss::default(), third.clone()]), third);
    }
}
