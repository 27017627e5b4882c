//! Where a SARIF result is.

use super::wire::{ArtifactLocation, Location, LogicalLocation, Region, Run};

/// How many base ids may refer to one another.
const MAX_BASES: usize = 8;

/// The place of a result.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub path: Option<String>,
    pub line: Option<u32>,
    pub column: Option<u32>,
    pub logical: Option<String>,
    pub snippet: Option<String>,
}

pub(super) fn of(run: &Run, location: &Location) -> Place {
    let physical = &location.physical_location.0;
    let region = &physical.region.0;
    let context = &physical.context_region.0;
    let logical = location.logical_locations.0.iter().find_map(|l| logical(run, l));
    Place {
        path: path(run, &physical.artifact_location.0),
        line: region.start_line.number(),
        column: region.start_column.number(),
        logical,
        snippet: whole(region, context).or_else(|| region.snippet.0.text.owned()).or(context.snippet.0.text.owned()),
    }
}

/// All lines of a region of which only the first is given, from the lines around it: so writes Bandit, and without them
/// its two formats would tell of two findings.
fn whole(region: &Region, context: &Region) -> Option<String> {
    let (given, around) = (region.snippet.0.text.get()?, context.snippet.0.text.get()?);
    let (first, last) = (region.start_line.number()?, region.end_line.number()?);
    let before = first.checked_sub(context.start_line.number()?)?;
    let count = last.checked_sub(first)?.saturating_add(1);
    let lines: Vec<&str> = around.lines().skip(before as usize).take(count as usize).collect();
    let more = given.lines().count() == 1 && lines.len() > 1 && lines.first() == given.lines().next().as_ref();
    more.then(|| lines.join("\n"))
}

fn logical(run: &Run, location: &LogicalLocation) -> Option<String> {
    let own = |l: &LogicalLocation| l.fully_qualified_name.owned().or_else(|| l.name.owned());
    own(location).or_else(|| own(run.logical_locations.0.get(location.index.number()? as usize)?))
}

/// The path: by index where the result gives no URI, below its base where that is a folder of the repository, and
/// without the absolute folder of a base that it lies in.
fn path(run: &Run, location: &ArtifactLocation) -> Option<String> {
    let by_index = || Some(&run.artifacts.0.get(location.index.number()? as usize)?.location.0);
    let location = if location.uri.get().is_some() { location } else { by_index()? };
    let uri = location.uri.get()?;
    if uri.starts_with('/') || uri.contains(':') {
        let bases = run.original_uri_base_ids.0.values().filter_map(|b| b.0.uri.get());
        let inside = bases
            .filter(|b| b.ends_with('/') && b.len() > 1 && *b != "file:///")
            .filter_map(|b| uri.strip_prefix(b).or_else(|| uri.strip_prefix(b.strip_prefix("file://")?)))
            .min_by_key(|rest| rest.len());
        return Some(inside.unwrap_or(uri).to_owned());
    }
    let mut path = decoded(uri);
    let mut base = location.uri_base_id.get();
    for _ in 0..MAX_BASES {
        let Some(found) = base.and_then(|id| run.original_uri_base_ids.0.get(id)) else { break };
        match found.0.uri.get() {
            // An absolute base is the folder of the checkout, which is where paths are counted from.
            Some(uri) if uri.starts_with('/') || uri.contains(':') => break,
            Some(uri) => path = format!("{}/{path}", decoded(uri.trim_end_matches('/'))),
            None => {}
        }
        base = found.0.uri_base_id.get();
    }
    Some(path)
}

/// SARIF paths are URI references: a blank stands as `%20`.
fn decoded(uri: &str) -> String {
    percent_encoding::percent_decode_str(uri)
        .decode_utf8()
        .map_or_else(|_e| uri.to_owned(), std::borrow::Cow::into_owned)
}
