//! What findings of Amazon's scanners have in common: vulnerabilities of packages as Inspector 2 writes them.

use super::image::{self, Flaw};
use crate::report::prelude::*;

/// One finding of Inspector 2. What it is of is the first of its packages; the others are told.
///
/// A finding of the enhanced scan of a registry is written in the same way, with its score under another name.
pub(super) fn draft(found: &Node<'_>) -> Draft {
    let details = found.get("packageVulnerabilityDetails");
    let place = Place::of(found);
    let mut draft = if details.is_object() {
        of_package(found, details, details.at("vulnerablePackages.0"), &place)
    } else if found.get("codeVulnerabilityDetails").is_object() {
        of_code(found.get("codeVulnerabilityDetails"), &place)
    } else {
        of_network(found, &place)
    };
    common(&mut draft, found);
    let others = details.get("vulnerablePackages").items().iter().skip(1);
    let others: Vec<String> = others
        .map(|p| format!("{} {}", p.get("name").or_empty(), version(p).unwrap_or_default()).trim().to_owned())
        .collect();
    draft.say("Also in", Some(&others.join(", ")));
    draft
}

/// The version as the package manager writes it: Inspector takes it apart.
fn version(package: &Node<'_>) -> Option<String> {
    let epoch = package.get("epoch").number().filter(|e| *e > 0).map(|e| format!("{e}:")).unwrap_or_default();
    let release = package.get("release").text().map(|r| format!("-{r}")).unwrap_or_default();
    package.get("version").text().map(|v| format!("{epoch}{v}{release}"))
}

/// What a finding is of.
struct Place<'n> {
    class: Class,
    name: String,
    platform: &'n str,
}

impl<'n> Place<'n> {
    fn of(found: &'n Node<'_>) -> Self {
        let resource = found.at("resources.0");
        let image = resource.at("details.awsEcrContainerImage");
        let kind = resource.get("type").or_empty();
        let class = match kind {
            "AWS_ECR_CONTAINER_IMAGE" => Class::Container,
            "AWS_LAMBDA_FUNCTION" | "CODE_REPOSITORY" => Class::Sca,
            _ => Class::Infra,
        };
        let id = resource.get("id").or_empty();
        let repository = image.get("repositoryName").or_empty();
        let name = match (image.at("imageTags.0").text(), image.get("imageHash").text()) {
            _ if repository.is_empty() => id.to_owned(),
            (Some(tag), _) => format!("{repository}:{tag}"),
            (None, Some(hash)) => format!("{repository}@{hash}"),
            (None, None) => repository.to_owned(),
        };
        let platform =
            [image, resource.at("details.awsEc2Instance")].into_iter().find_map(|d| d.get("platform").text());
        Self { class, name, platform: platform.unwrap_or_default() }
    }
}

fn of_package(found: &Node<'_>, details: &Node<'_>, package: &Node<'_>, place: &Place<'_>) -> Draft {
    let version = version(package);
    let manager = package.get("packageManager").or_empty();
    let mut draft = Flaw {
        id: details.get("vulnerabilityId").text().or(found.get("title").text()).unwrap_or_default(),
        title: found.get("title").text(),
        description: found.get("description").text(),
        name: package.get("name").text(),
        version: version.as_deref(),
        kind: kind(manager),
        distro: place.platform,
        image: Some(&place.name),
        path: package.get("filePath").text(),
        fixed: package.get("fixedInVersion").text().filter(|f| !f.eq_ignore_ascii_case("notavailable")),
        ..Flaw::default()
    }
    .draft();
    if place.class != Class::Container && draft.class == Class::Container {
        draft.class = place.class;
    }
    if draft.class == Class::Sca && place.class != Class::Container {
        draft.logical = Some(place.name.clone());
    }
    draft.vulnerabilities.extend(details.get("relatedVulnerabilities").texts().flat_map(words::vulnerability_ids));
    let listed = details.get("cvss").items().iter();
    draft.cvss = image::best(listed.map(|c| Cvss::of(c.get("baseScore").score(), c.get("scoringVector").text())));
    draft.url = details.get("sourceUrl").owned().or_else(|| details.at("referenceUrls.0").owned());
    draft.say("Remediation", package.get("remediation").text().filter(|t| !t.eq_ignore_ascii_case("none")));
    draft
}

/// The package manager in a word that tells its ecosystem.
fn kind(manager: &str) -> &'static str {
    match manager {
        "BUNDLER" | "GEMSPEC" => "gem",
        "CARGO" => "cargo",
        "COMPOSER" => "composer",
        "GOBINARY" | "GOMOD" => "golang",
        "JAR" | "POM" => "maven",
        "NODEPKG" | "NPM" | "PNPM" | "YARN" => "npm",
        "NUGET" | "DOTNET_CORE" => "nuget",
        "PIP" | "PIPENV" | "POETRY" | "PYTHONPKG" => "pypi",
        _ => "os",
    }
}

fn of_code(details: &Node<'_>, place: &Place<'_>) -> Draft {
    let mut draft = Draft::new(Class::Sast);
    let (rule, detector) = (details.get("ruleId").text(), details.get("detectorId").text());
    rule.or(detector).unwrap_or_default().clone_into(&mut draft.rule);
    draft.title = details.get("detectorName").owned().unwrap_or_default();
    let file = details.get("filePath");
    draft.path = file.get("filePath").owned().or_else(|| file.get("fileName").owned());
    draft.line = file.get("startLine").number();
    draft.logical = Some(place.name.clone()).filter(|n| !n.is_empty());
    draft.cwe = details.get("cwes").texts().flat_map(words::cwe_numbers).collect();
    draft.url = details.at("referenceUrls.0").owned();
    draft
}

fn of_network(found: &Node<'_>, place: &Place<'_>) -> Draft {
    let mut draft = Draft::new(Class::Infra);
    found.get("type").text().unwrap_or("finding").clone_into(&mut draft.rule);
    draft.path = Some(place.name.clone()).filter(|n| !n.is_empty());
    let ports = found.at("networkReachabilityDetails.openPortRange");
    if let (Some(begin), Some(end)) = (ports.get("begin").text(), ports.get("end").text()) {
        let protocol = found.at("networkReachabilityDetails.protocol").or_empty();
        draft.logical = Some(format!("{protocol} {begin}-{end}").trim().to_owned());
    }
    draft
}

fn common(draft: &mut Draft, found: &Node<'_>) {
    if let Some(title) = found.get("title").text() {
        title.clone_into(&mut draft.title);
    }
    draft.detail = found.get("description").text().unwrap_or(&draft.title).to_owned();
    draft.say("Remediation", found.at("remediation.recommendation.text").text().filter(|t| *t != "None Provided"));
    draft.rated(found.get("severity").text());
    let scores = [found.at("inspectorScoreDetails.adjustedCvss"), found.at("scoreDetails.cvss")];
    let own = scores.iter().map(|s| Cvss::of(s.get("score").score(), s.get("scoringVector").text()));
    let all = own.chain([std::mem::take(&mut draft.cvss)]).chain([Cvss::of(found.get("inspectorScore").score(), None)]);
    draft.cvss = image::best(all);
    draft.epss = found.at("epss.score").score();
    draft.native_id = found.get("findingArn").owned();
    draft.suppressed = closed(found.get("status").or_empty());
}

/// What Inspector does not hold open; it stays in the list, and stays a finding.
pub(super) fn closed(status: &str) -> Option<String> {
    match status {
        "SUPPRESSED" => Some("Inspector: suppressed by a rule".to_owned()),
        "CLOSED" => Some("Inspector: closed".to_owned()),
        _ => None,
    }
}
