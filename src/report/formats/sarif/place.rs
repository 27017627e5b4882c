//! Where a SARIF result is.

use std::collections::HashMap;

use crate::report::prelude::*;

/// How many base ids may refer to one another.
const MAX_BASES: usize = 8;

/// How many folders that paths are counted from are compared with each absolute URI.
const MOST_FOLDERS: usize = 64;

/// What a run says of places, looked up once for all results.
pub(super) struct Places<'n, 'a> {
    logical: &'n [Node<'a>],
    artifacts: &'n [Node<'a>],
    bases: HashMap<&'n str, &'n Node<'a>>,
    /// The absolute bases, as URI and as path.
    folders: Vec<&'n str>,
}

impl<'n, 'a> Places<'n, 'a> {
    pub(super) fn of(run: &'n Node<'a>) -> Self {
        let bases = run.get("originalUriBaseIds").entries();
        let is_folder = |b: &&str| b.ends_with('/') && b.len() > 1 && *b != "file:///";
        let folders = bases.iter().filter_map(|(_, base)| base.get("uri").text()).filter(is_folder);
        Self {
            logical: run.get("logicalLocations").items(),
            artifacts: run.get("artifacts").items(),
            bases: bases.iter().map(|(id, base)| (id.as_ref(), base)).collect(),
            folders: folders.flat_map(|f| [Some(f), f.strip_prefix("file://")]).flatten().take(MOST_FOLDERS).collect(),
        }
    }

    /// What is left of an absolute URI within the innermost folder that is known.
    fn inside<'u>(&self, uri: &'u str) -> Option<&'u str> {
        self.folders.iter().filter_map(|folder| uri.strip_prefix(folder)).min_by_key(|rest| rest.len())
    }
}

/// Takes path, line, column, logical location and code from a location.
pub(super) fn fill(draft: &mut Draft, run: &Places<'_, '_>, location: &Node<'_>) {
    let physical = location.get("physicalLocation");
    let (region, context) = (physical.get("region"), physical.get("contextRegion"));
    draft.path = path(run, physical.get("artifactLocation"));
    draft.line = region.get("startLine").number();
    draft.column = region.get("startColumn").number();
    draft.logical = location.get("logicalLocations").items().iter().find_map(|l| logical(run, l));
    let around = context.get("snippet").get("text").owned();
    draft.snippet =
        whole(region, context).or_else(|| region.get("snippet").get("text").owned()).or_else(|| around.clone());
    draft.context = around.filter(|a| draft.snippet.as_ref() != Some(a));
}

/// Takes another place where the result is, without its code.
pub(super) fn add(draft: &mut Draft, run: &Places<'_, '_>, location: &Node<'_>) {
    let physical = location.get("physicalLocation");
    let region = physical.get("region");
    let path = path(run, physical.get("artifactLocation"));
    let logical = location.get("logicalLocations").items().iter().find_map(|l| logical(run, l));
    let (line, column) = (region.get("startLine").number(), region.get("startColumn").number());
    draft.also_at(path.as_deref(), line, column, logical.as_deref());
}

/// All lines of a region of which only the first is given, from the lines around it: so writes Bandit, and without them
/// its two formats would tell of two findings.
fn whole(region: &Node<'_>, context: &Node<'_>) -> Option<String> {
    let (given, around) = (region.get("snippet").get("text").text()?, context.get("snippet").get("text").text()?);
    let (first, last) = (region.get("startLine").number()?, region.get("endLine").number()?);
    let before = first.checked_sub(context.get("startLine").number()?)?;
    let count = last.checked_sub(first)?.saturating_add(1);
    let lines: Vec<&str> = around.lines().skip(before as usize).take(count as usize).collect();
    let more = given.lines().count() == 1 && lines.len() > 1 && lines.first() == given.lines().next().as_ref();
    more.then(|| lines.join("\n"))
}

fn logical(run: &Places<'_, '_>, location: &Node<'_>) -> Option<String> {
    let own = |l: &Node<'_>| l.get("fullyQualifiedName").owned().or_else(|| l.get("name").owned());
    own(location).or_else(|| own(run.logical.get(location.get("index").number()? as usize)?))
}

/// The path: by index where the result gives no URI, below its base where that is a folder of the repository, and
/// without the absolute folder of a base that it lies in.
fn path(run: &Places<'_, '_>, location: &Node<'_>) -> Option<String> {
    let by_index = || Some(run.artifacts.get(location.get("index").number()? as usize)?.get("location"));
    let location = if location.get("uri").text().is_some() { location } else { by_index()? };
    let uri = location.get("uri").text()?;
    if uri.starts_with('/') || uri.contains(':') {
        return Some(run.inside(uri).unwrap_or(uri).to_owned());
    }
    let mut path = decoded(uri);
    let mut base = location.get("uriBaseId").text();
    for _ in 0..MAX_BASES {
        let Some(found) = base.and_then(|id| run.bases.get(id)).filter(|b| !b.is_null()) else { break };
        match found.get("uri").text() {
            // An absolute base is the folder of the checkout, which is where paths are counted from.
            Some(uri) if uri.starts_with('/') || uri.contains(':') => break,
            Some(uri) => path = format!("{}/{path}", decoded(uri.trim_end_matches('/'))),
            None => {}
        }
        base = found.get("uriBaseId").text();
    }
    Some(path)
}

/// SARIF paths are URI references: a blank stands as `%20`.
fn decoded(uri: &str) -> String {
    percent_encoding::percent_decode_str(uri)
        .decode_utf8()
        .map_or_else(|_e| uri.to_owned(), std::borrow::Cow::into_owned)
}
