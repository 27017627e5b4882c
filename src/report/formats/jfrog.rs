//! What reports of JFrog Xray have in common: names of components (`deb://debian:stretch:libx11:2:1.6.4-3`) and scores.

use super::image;
use crate::report::prelude::*;

/// A component by its name in Xray.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Component<'c> {
    /// `npm`, `deb`, `gav`.
    pub kind: &'c str,
    /// The distribution, of packages of one.
    pub distro: &'c str,
    /// The name.
    pub name: &'c str,
    /// The version, with an epoch that is not 0.
    pub version: Option<String>,
}

/// Takes a component's name apart.
pub(super) fn component(id: &str) -> Component<'_> {
    let (kind, rest) = id.split_once("://").unwrap_or(("", id));
    let given = |v: &str| Some(v.to_owned()).filter(|v| !v.is_empty());
    let parts: Vec<&str> = rest.split(':').collect();
    match (kind, parts.as_slice()) {
        ("deb", [distro, _, name]) => Component { kind, distro, name, version: None },
        ("deb", [distro, _, name, version @ ..]) => {
            Component { kind, distro, name, version: given(&version.join(":")) }
        }
        ("rpm", [_, name, epoch, version]) if *epoch != "0" => {
            Component { kind, distro: "", name, version: given(&format!("{epoch}:{version}")) }
        }
        ("rpm", [_, name, _, version] | [_, name, version]) => {
            Component { kind, distro: "", name, version: given(version) }
        }
        ("alpine", [_, name, version @ ..]) => {
            Component { kind: "apk", distro: "alpine", name, version: given(&version.join(":")) }
        }
        ("gav", [_, _]) | (_, [_]) => Component { kind, distro: "", name: rest, version: None },
        _ => {
            let (name, version) = rest.rsplit_once(':').unwrap_or((rest, ""));
            Component { kind, distro: "", name, version: given(version) }
        }
    }
}

/// The finding of an issue in a component; its place is still to be told.
pub(super) fn draft(issue: &Node<'_>, component: &Component<'_>, cves: &[Node<'_>], fixed: &[&str]) -> Draft {
    let mut draft = Draft::new(if is_system(component.kind) { Class::Container } else { Class::Sca });
    let named: Vec<&str> = cves.iter().filter_map(|c| c.get("cve").text()).collect();
    let number =
        issue.get("issue_id").text().or_else(|| issue.get("issueId").text()).or_else(|| issue.get("id").text());
    // An advisory may mend several vulnerabilities: then it is known by Xray's number.
    draft.rule = match named.as_slice() {
        [one] => (*one).to_owned(),
        _ => number.unwrap_or_default().to_owned(),
    };
    draft.vulnerabilities = named.iter().flat_map(|c| image::ids(c)).collect();
    if draft.vulnerabilities.is_empty() {
        draft.vulnerabilities.extend(number.map(str::to_ascii_uppercase));
    }
    draft.title = issue.get("summary").owned().unwrap_or_default();
    issue.get("description").text().unwrap_or(&draft.title).clone_into(&mut draft.detail);
    draft.say("Xray", number);
    draft.rated(issue.get("severity").text());
    draft.cvss = image::best(cves.iter().flat_map(scores));
    draft.cwe = cves.iter().flat_map(|c| c.get("cwe").texts()).flat_map(words::cwe_numbers).collect();
    draft.url = issue.get("references").texts().next().map(|r| r.trim_start_matches("- ").to_owned());
    let purl = image::purl(component.kind, component.distro, component.name, component.version.as_deref());
    let fixed: Vec<String> = fixed.iter().map(|f| image::versions(f)).filter(|f| !f.is_empty()).collect();
    draft.in_package(Some(component.name), component.version.as_deref(), purl.as_deref(), Some(&fixed.join(",")));
    draft
}

/// Whether a component is a package of an operating system, or an image.
pub(super) fn is_system(kind: &str) -> bool {
    matches!(kind, "deb" | "rpm" | "alpine" | "apk" | "docker" | "oci")
}

/// The scores of a vulnerability: apart, or before the vector as `7.5/CVSS:3.0/AV:N/..`.
fn scores(cve: &Node<'_>) -> [Cvss; 2] {
    ["cvss_v3", "cvss_v2"].map(|key| {
        let apart = [format!("{key}_score"), format!("{key}_vector")];
        let together = cve.get(key).text().unwrap_or_default();
        let (score, vector) = match together.split_once('/') {
            Some((score, vector)) if score.parse::<f64>().is_ok() => (score, vector),
            Some(_) => ("", together),
            None => (together, ""),
        };
        let [score_key, vector_key] = apart;
        let score = cve.get(&score_key).score().or_else(|| score.parse().ok());
        Cvss::of(score, cve.get(&vector_key).text().or(Some(vector)))
    })
}

#[cfg(test)]
mod tests {
    use super::component;

    #[test]
    fn components_are_taken_apart() {
        for (id, kind, name, version) in [
            ("deb://debian:stretch:libx11:2:1.6.4-3", "deb", "libx11", Some("2:1.6.4-3")),
            ("rpm://7:curl:16:7.29.0-54.el7", "rpm", "curl", Some("16:7.29.0-54.el7")),
            ("rpm://7:libtasn1:0:4.10-1.el7", "rpm", "libtasn1", Some("4.10-1.el7")),
            ("alpine://3.12:libssl1.1:1.1.1k-r0", "apk", "libssl1.1", Some("1.1.1k-r0")),
            ("gav://org.x:y:1.2", "gav", "org.x:y", Some("1.2")),
            ("npm://@a/b:1", "npm", "@a/b", Some("1")),
            ("pypi://pip", "pypi", "pip", None),
            ("", "", "", None),
        ] {
            let c = component(id);
            assert_eq!((c.kind, c.name, c.version.as_deref()), (kind, name, version), "{id}");
        }
    }
}
