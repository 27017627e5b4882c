//! What Checkov writes as `CycloneDX`: a failed check is a vulnerability there, and the resource that it is about a component,
//! with the file in its package URL.

use super::Vulnerability;
use crate::report::formats::checkov::class_of_rule;
use crate::report::formats::sbom::Component;
use crate::report::prelude::*;

/// Makes a finding of a check what it is in Checkov's other formats; what is a vulnerability stays one.
pub(super) fn retell(draft: &mut Draft, v: &Vulnerability, component: Option<&Component>) {
    let class = class_of_rule(&v.id);
    if class == Class::Sca || !v.source.as_deref().is_some_and(|s| s.eq_ignore_ascii_case("checkov")) {
        return;
    }
    draft.class = class;
    draft.vulnerabilities.clear();
    draft.package = None;
    let Some(component) = component else { return };
    let said = v.description.as_deref().unwrap_or_default();
    let about = said.strip_prefix("Resource: ").and_then(|s| s.strip_prefix(component.name.as_str()));
    if let Some(check) = about.and_then(|s| s.strip_prefix(". ")).filter(|c| !c.is_empty()) {
        check.clone_into(&mut draft.title);
    }
    draft.logical = Some(component.name.clone());
    draft.path = component.purl.as_deref().and_then(|purl| file(purl, &component.name));
}

/// The file in `pkg:terraform/ORGANISATION/REPOSITORY/FILE/RESOURCE@HASH`.
fn file(purl: &str, resource: &str) -> Option<String> {
    let (bare, _) = purl.strip_prefix("pkg:")?.rsplit_once('@')?;
    let decoded = percent_encoding::percent_decode_str(bare).decode_utf8_lossy();
    // A resource with slashes of its own may be written otherwise.
    let folder = decoded
        .strip_suffix(resource.trim_start_matches('/'))
        .or_else(|| decoded.rsplit_once('/').map(|(folder, _)| folder))?;
    let file = folder.trim_end_matches('/').splitn(4, '/').nth(3)?;
    Some(file.to_owned()).filter(|f| !f.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::read;

    #[test]
    fn a_check_is_a_finding_of_infrastructure_and_no_vulnerability() {
        let purl = "pkg:terraform/org/shop/infra/main.tf/aws_x.y@sha1:ab";
        let tool = |name: &str| serde_json::json!({"name": name, "version": "3"});
        let doc = serde_json::json!({"bomFormat": "CycloneDX", "specVersion": "1.4",
            "metadata": {"tools": [tool("cyclonedx-python-lib"), tool("checkov")]},
            "components": [{"bom-ref": purl, "name": "aws_x.y", "purl": purl, "type": "application", "version": "sha1:ab"}],
            "vulnerabilities": [{"id": "CKV_AWS_1", "source": {"name": "checkov"}, "ratings": [{"severity": "unknown"}],
                "description": "Resource: aws_x.y. Encrypt it.", "affects": [{"ref": purl}]}]});
        let report = read("b", doc.to_string().as_bytes(), None);
        assert_eq!((report.tool.raw(), report.classes.as_slice()), ("checkov", &[Class::Iac][..]));
        let f = &report.findings[0];
        assert_eq!((f.class, f.rule.raw(), f.title.raw()), (Class::Iac, "CKV_AWS_1", "Encrypt it."));
        assert_eq!((f.place().as_str(), f.location.logical.as_ref().unwrap().raw()), ("infra/main.tf", "aws_x.y"));
        assert!(f.package.is_none() && f.vulnerabilities.is_empty());
    }

    #[test]
    fn the_file_is_what_stands_before_the_resource() {
        let of = |purl: &str, resource: &str| file(purl, resource).unwrap_or_default();
        assert_eq!(of("pkg:dockerfile/cli_repo/s/Dockerfile/Dockerfile.@sha1:a", "/Dockerfile."), "Dockerfile");
        assert_eq!(
            of("pkg:dockerfile/cli_repo/s/a/Dockerfile/a/Dockerfile.ADD@sha1:a", "/a/Dockerfile.ADD"),
            "a/Dockerfile"
        );
        assert_eq!(of("pkg:x/o/r/f.tf/y@1", "other"), "f.tf");
        assert_eq!(
            (of("pkg:x/y@1", "y"), of("y", "y"), of("pkg:@", "")),
            (String::new(), String::new(), String::new())
        );
    }
}
