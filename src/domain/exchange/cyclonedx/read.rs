//! Reading what CycloneDX documents say of vulnerabilities.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use super::super::{Format, Import, Statement, Unreadable, about, list, marks, matching, reasoning};
use super::{justification, state};
use crate::domain::finding::Package;
use crate::domain::time::Timestamp;
use crate::domain::triage::{Justification, Status};
use crate::text::{self, Untrusted};

/// How deep components may lie in components.
const MAX_DEPTH: usize = 32;

#[derive(Deserialize)]
struct Read {
    #[serde(default)]
    id: String,
    #[serde(default)]
    references: Vec<ReadReference>,
    analysis: Option<ReadAnalysis>,
    #[serde(default)]
    affects: Vec<ReadAffected>,
    #[serde(default)]
    properties: Vec<ReadProperty>,
}

#[derive(Deserialize)]
struct ReadReference {
    #[serde(default)]
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReadAnalysis {
    #[serde(default)]
    state: String,
    justification: Option<String>,
    #[serde(default)]
    response: Vec<String>,
    detail: Option<String>,
    first_issued: Option<String>,
    last_updated: Option<String>,
}

#[derive(Deserialize)]
struct ReadAffected {
    #[serde(rename = "ref", default)]
    reference: String,
    #[serde(default)]
    versions: Vec<ReadVersion>,
}

#[derive(Deserialize)]
struct ReadVersion {
    version: Option<String>,
    range: Option<String>,
    status: Option<String>,
}

#[derive(Deserialize)]
struct ReadProperty {
    #[serde(default)]
    name: String,
    #[serde(default)]
    value: String,
}

/// What a reference in the document leads to.
struct Components {
    packages: HashMap<String, Package>,
    /// The component that the document is about.
    root: Option<(String, Package)>,
}

impl Components {
    fn of(doc: &Value) -> Self {
        let root = doc.pointer("/metadata/component");
        let mut packages = HashMap::new();
        collect(doc.get("components"), 0, &mut packages);
        collect(root.and_then(|r| r.get("components")), 0, &mut packages);
        let root = root.and_then(|r| {
            Some((r.get("bom-ref").and_then(Value::as_str).unwrap_or_default().to_owned(), component(r)?))
        });
        Self { packages, root }
    }

    /// What is referred to: a package and its product, or a product alone.
    fn target(&self, reference: &str) -> (Option<Package>, Option<Untrusted>) {
        if self.is_root(reference) {
            return (None, self.product());
        }
        let local = reference.rsplit_once('#').map_or(reference, |(_, local)| local);
        let known = self.packages.get(reference).or_else(|| self.packages.get(local)).cloned();
        match known.or_else(|| matching::package(local).filter(|p| p.purl.is_some())) {
            // Without a product the package speaks for itself.
            Some(package) if self.root.is_none() => {
                let own = package.purl.clone().unwrap_or_else(|| package.name.clone());
                (Some(package), Some(own))
            }
            Some(package) => (Some(package), self.product()),
            // A reference into another document.
            None => (None, Some(local.into())),
        }
    }

    fn is_root(&self, reference: &str) -> bool {
        self.root.as_ref().is_some_and(|(own, _)| own == reference && !own.is_empty())
    }

    fn root_version(&self) -> Option<&str> {
        self.root.as_ref()?.1.version.as_ref().map(Untrusted::raw)
    }

    /// What the document is about, as a product.
    fn product(&self) -> Option<Untrusted> {
        let (_, root) = self.root.as_ref()?;
        let named = || match &root.version {
            Some(version) => Untrusted::new(format!("{}@{}", root.name.raw(), version.raw())),
            None => root.name.clone(),
        };
        Some(root.purl.clone().unwrap_or_else(named))
    }
}

fn collect(components: Option<&Value>, depth: usize, out: &mut HashMap<String, Package>) {
    for value in components.and_then(Value::as_array).into_iter().flatten().filter(|_| depth < MAX_DEPTH) {
        if let (Some(reference), Some(package)) = (value.get("bom-ref").and_then(Value::as_str), component(value)) {
            out.entry(reference.to_owned()).or_insert(package);
        }
        collect(value.get("components"), depth + 1, out);
    }
}

fn component(value: &Value) -> Option<Package> {
    let text = |key: &str| value.get(key).and_then(Value::as_str).filter(|t| !t.is_empty());
    let name = text("name")?;
    let name = text("group").map_or_else(|| name.to_owned(), |group| format!("{group}/{name}"));
    Some(Package {
        name: name.into(),
        version: text("version").map(Into::into),
        purl: text("purl").map(Into::into),
        fixed: Vec::new(),
    })
}

/// Reads a document.
pub(in super::super) fn read(doc: &Value) -> Result<Import, Unreadable> {
    let mut import = Import::new(Format::CycloneDx);
    let components = Components::of(doc);
    for (index, value) in list(doc, "vulnerabilities")?.iter().enumerate() {
        let place = format!("vulnerabilities[{index}]");
        match Read::deserialize(value) {
            Ok(read) => one(&mut import, &place, &read, &components, doc),
            Err(e) => import.refuse(&place, "", format!("It is no vulnerability: {}.", text::line(&e.to_string()))),
        }
    }
    Ok(import)
}

fn one(import: &mut Import, place: &str, read: &Read, components: &Components, doc: &Value) {
    let Some(analysis) = &read.analysis else {
        return import.refuse(place, &read.id, "It has no analysis: nobody has said anything of it yet.");
    };
    let own = read.properties.iter().filter_map(|p| Some((p.name.strip_prefix(marks::PREFIX)?, &p.value)));
    let marks: marks::Marks = own.map(|(name, value)| (name.to_owned(), value.clone())).collect();
    // Others may add a property of the name; only a whole record is one.
    if marks.contains_key("form") {
        import.take(place, ours(marks, read, analysis), &read.id);
    } else {
        theirs(import, place, read, analysis, components, doc);
    }
}

fn ours(mut marks: marks::Marks, read: &Read, analysis: &ReadAnalysis) -> Result<Statement, String> {
    if let Some(issued) = &analysis.first_issued {
        marks.entry("said-at".to_owned()).or_insert_with(|| issued.clone());
    }
    let statement = marks::statement(&marks, analysis.detail.as_deref().unwrap_or_default())?;
    marks::unchanged("state", Some(state(statement.status)), Some(&analysis.state))?;
    let word = justification(statement.status, statement.justification);
    marks::unchanged("justification", word, analysis.justification.as_deref())?;
    marks::same_vulnerabilities(&statement, names(read))?;
    Ok(statement)
}

fn names(read: &Read) -> impl Iterator<Item = &str> {
    std::iter::once(read.id.as_str()).chain(read.references.iter().map(|r| r.id.as_str())).filter(|id| !id.is_empty())
}

fn theirs(
    import: &mut Import,
    place: &str,
    read: &Read,
    analysis: &ReadAnalysis,
    components: &Components,
    doc: &Value,
) {
    let stays = !analysis.response.is_empty()
        && analysis.response.iter().all(|r| matches!(r.as_str(), "will_not_fix" | "can_not_fix"));
    let status = match analysis.state.as_str() {
        "false_positive" => Ok(Status::FalsePositive),
        "not_affected" => Ok(Status::NotAffected),
        "exploitable" if stays => Ok(Status::Accepted),
        "exploitable" => Err("It says that the vulnerability can be exploited, and does not accept it.".to_owned()),
        "in_triage" => Err("It says that the vulnerability is still being looked into.".to_owned()),
        "resolved" | "resolved_with_pedigree" => {
            Err("It says that the vulnerability is resolved. A scan of the mended version no longer finds it."
                .to_owned())
        }
        "" => Err("Its analysis has no state.".to_owned()),
        other => Err(format!("It has a state that CycloneDX does not know: {}.", text::line(other))),
    };
    let word = analysis.justification.as_deref();
    let said = status.and_then(|status| {
        if read.id.is_empty() {
            return Err("It names no vulnerability.".to_owned());
        }
        let known = word.and_then(justified);
        // A word that we have no exact one for stays in the text.
        let foreign = word.filter(|w| known.is_none_or(|k| justification(Status::NotAffected, Some(k)) != Some(w)));
        let detail = analysis.detail.as_deref();
        let detail = match (foreign, detail.map(str::trim).filter(|d| !d.is_empty())) {
            (Some(word), Some(detail)) => Some(Untrusted::new(format!("{word}: {detail}"))),
            (_, detail) => reasoning(word, &[detail]),
        };
        detail.map(|d| (status, known, d)).ok_or("It gives no reason, and a dismissal needs one.".to_owned())
    });
    let (status, known, detail) = match said {
        Ok(said) => said,
        Err(why) => return import.refuse(place, &read.id, why),
    };
    let author = ["/metadata/authors/0/name", "/metadata/supplier/name", "/metadata/manufacturer/name"];
    let issued = [analysis.last_updated.as_deref(), analysis.first_issued.as_deref()];
    let at = issued.into_iter().flatten().next().or_else(|| doc.pointer("/metadata/timestamp")?.as_str());
    let mut vulnerabilities: Vec<Untrusted> = Vec::new();
    for id in names(read).map(|id| Untrusted::new(id.trim().to_uppercase())) {
        if !vulnerabilities.contains(&id) {
            vulnerabilities.push(id);
        }
    }
    let holds = if status == Status::Accepted { "affected" } else { "unaffected" };
    for (package, product) in places(import, place, read, components, holds) {
        import.statements.push(Statement {
            subject: about(vulnerabilities.clone(), package),
            products: product.into_iter().collect(),
            status,
            justification: known,
            detail: detail.clone(),
            scope: None,
            expires: None,
            said_by: author.iter().find_map(|p| doc.pointer(p)?.as_str()).map(Into::into),
            said_at: at.and_then(Timestamp::parse_lenient),
            record: None,
        });
    }
}

/// The packages that are meant, each in its product; of their versions those that the statement `holds` for. A range of
/// versions is not taken over: what it covers is not ours to say, and without it the statement would cover everything.
fn places(
    import: &mut Import,
    place: &str,
    read: &Read,
    components: &Components,
    holds: &str,
) -> Vec<(Option<Package>, Option<Untrusted>)> {
    let mut out = Vec::new();
    for (index, affected) in read.affects.iter().enumerate() {
        let (package, product) = components.target(&affected.reference);
        if affected.versions.is_empty() {
            out.push((package.clone(), product.clone()));
        }
        for (nth, version) in affected.versions.iter().enumerate() {
            let here = format!("{place}.affects[{index}].versions[{nth}]");
            let why = match (&version.version, &version.range, &package) {
                (Some(_), _, _) if version.status.as_deref().is_some_and(|s| s != holds) => {
                    "What it says of this version is not what it says of the vulnerability.".to_owned()
                }
                (Some(exact), _, Some(package)) => {
                    out.push((
                        Some(Package { version: Some(exact.as_str().into()), ..package.clone() }),
                        product.clone(),
                    ));
                    continue;
                }
                (Some(exact), _, None) if !components.is_root(&affected.reference) => {
                    let named = product.as_ref().map(|p| Untrusted::new(format!("{}@{exact}", p.raw())));
                    out.push((None, named));
                    continue;
                }
                (Some(exact), _, None) if components.root_version() == Some(exact.as_str()) => {
                    out.push((None, product.clone()));
                    continue;
                }
                (Some(exact), _, None) => {
                    format!("It holds for version {}, and the document is about another.", text::line(exact))
                }
                (None, range, _) => {
                    let range = text::line(range.as_deref().unwrap_or_default());
                    format!("It holds for a range of versions, {range}, which is not imported.")
                }
            };
            import.refuse(&here, &read.id, why);
        }
    }
    if read.affects.is_empty() {
        out.push((None, components.product()));
    }
    out
}

/// Our word for a justification of CycloneDX. Of some that is the nearest, and the text keeps theirs.
fn justified(word: &str) -> Option<Justification> {
    match word {
        "code_not_present" => Some(Justification::VulnerableCodeNotPresent),
        "code_not_reachable" => Some(Justification::VulnerableCodeNotInExecutePath),
        "requires_configuration" => Some(Justification::RequiresConfiguration),
        "requires_environment" | "requires_dependency" => Some(Justification::RequiresEnvironment),
        "protected_at_perimeter" => Some(Justification::ProtectedAtPerimeter),
        "protected_by_mitigating_control" | "protected_by_compiler" | "protected_at_runtime" => {
            Some(Justification::InlineMitigationsAlreadyExist)
        }
        _ => None,
    }
}
