//! JUnit XML that scanners write, seen as what it is: suites of test cases, of which each that failed is a finding.

use crate::report::prelude::*;

/// How many properties of a suite are kept: each is looked for once a case.
const MOST_PROPERTIES: usize = 32;

/// The innermost suite that a case stands in.
#[derive(Debug, Default)]
pub(super) struct Suite {
    /// Often what was looked at: a file, an image.
    pub name: String,
    /// What it belongs to; empty if it does not say.
    pub package: String,
    properties: Vec<(String, String)>,
}

impl Suite {
    /// The value of a property; empty if it has none of that name.
    pub(super) fn property(&self, name: &str) -> &str {
        self.properties.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }
}

/// What the suites count, and what stands in them.
#[derive(Debug, Default)]
pub(super) struct Failures {
    said: u32,
    found: u32,
    /// How many cases there are, whatever came of them.
    pub cases: u32,
}

impl Failures {
    /// Says so, if the suites count more failures than the report has.
    pub(super) fn all_there(&self, tool: &str, reading: &mut Reading<'_>) {
        if self.said > self.found {
            let (said, found) = (self.said, self.found);
            reading.incomplete(format!("{tool} counts {said} failures, and {found} stand in the report."));
        }
    }
}

/// Whether a document is JUnit XML.
pub(super) fn is_junit(shape: &Shape<'_>) -> bool {
    shape.root("testsuites") || shape.root("testsuite")
}

/// Whether the outermost suites, or the first in them, are called so: a test may be called as any scanner is.
pub(super) fn is_called(shape: &Shape<'_>, name: &str) -> bool {
    let root = shape.xml().and_then(|s| s.attribute("name")) == Some(name);
    let tag = shape.head.split_once("<testsuite ").and_then(|(_, rest)| rest.split('>').next());
    let first =
        tag.is_some_and(|tag| ['"', '\''].iter().any(|q| format!(" {tag}").contains(&format!(" name={q}{name}{q}"))));
    is_junit(shape) && (root || first)
}

/// Why a case failed: its `failure`, else its `error`.
pub(super) fn failure<'n, 't>(case: &'n xml::Node<'t>) -> Option<&'n xml::Node<'t>> {
    case.child("failure").or_else(|| case.child("error"))
}

/// Reads the cases: what `drafts` makes of one are its findings; where it makes none, the case passed.
pub(super) fn cases(
    input: &Input<'_>,
    reading: &mut Reading<'_>,
    mut drafts: impl FnMut(&xml::Node<'_>, &Suite) -> Vec<Draft>,
) -> Result<Failures, Unreadable> {
    let mut suite = Suite::default();
    let mut all = Failures::default();
    xml::walk(input.text, &["testcase", "property"], |part| match part {
        Part::Open(node) if node.name == "testsuite" => {
            let of = |name: &str| node.attribute(name).unwrap_or_default().to_owned();
            let bad = ["failures", "errors"].iter().filter_map(|n| node.attribute(n)?.parse::<u32>().ok());
            all.said = bad.fold(all.said, u32::saturating_add);
            suite = Suite { name: of("name"), package: of("package"), properties: Vec::new() };
        }
        Part::Whole(node) if node.name == "property" => {
            if suite.properties.len() < MOST_PROPERTIES {
                let of = |name: &str| node.attribute(name).unwrap_or_default().to_owned();
                suite.properties.push((of("name"), of("value")));
            }
        }
        Part::Whole(case) => {
            let bad = case.children.iter().filter(|c| matches!(c.name, "failure" | "error")).count();
            all.found = all.found.saturating_add(u32::try_from(bad).unwrap_or(u32::MAX));
            all.cases = all.cases.saturating_add(1);
            let mut drafts = drafts(&case, &suite).into_iter();
            match drafts.next() {
                Some(first) => reading.add(first),
                None => reading.passed(1),
            }
            drafts.for_each(|draft| reading.more(draft));
        }
        Part::Open(_) | Part::Close(_) => {}
    })?;
    Ok(all)
}

/// `[HIGH] CVE-2024-1` as its two parts.
pub(super) fn bracketed(text: &str) -> Option<(&str, &str)> {
    let (word, rest) = text.trim_start().strip_prefix('[')?.split_once(']')?;
    Some((word.trim(), rest.trim_start()))
}

/// What follows a word at the begin of a line of a text: `Line: 3`; `None` if nothing does, or no line has it.
pub(super) fn line_of<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let value = text.lines().find_map(|line| line.trim().strip_prefix(word))?.trim();
    Some(value).filter(|v| !v.is_empty())
}

/// A package and its version of the two in one, as templates write them: `libssl1.1-1.1.1n-0+deb11u3`.
///
/// Both may have hyphens and digits: the version begins at the first hyphen before a number with a point; without one at
/// the first before a digit.
pub(super) fn versioned(both: &str) -> (&str, Option<&str>) {
    let starts = || {
        both.match_indices('-').filter_map(|(at, _)| {
            let rest = both.get(at + 1..)?;
            let digits = rest.strip_prefix('v').unwrap_or(rest);
            digits.starts_with(|c: char| c.is_ascii_digit()).then_some((at, rest))
        })
    };
    let pointed = starts().find(|(_, rest)| rest.split('-').next().is_some_and(|first| first.contains('.')));
    match pointed.or_else(|| starts().next()) {
        Some((at, rest)) => (both.get(..at).unwrap_or(both), Some(rest)),
        None => (both.trim_end_matches('-'), None),
    }
}

#[cfg(test)]
mod tests {
    use super::versioned;
    use crate::report::read;

    #[test]
    fn a_test_may_be_called_as_a_scanner_is() {
        for name in [
            "trivy",
            "dependency-check",
            "tfsec",
            "grype-junit",
            "CloudFormation Lint",
            "Kubescape Scanning",
            "KICS v2",
            "gitleaks",
            "semgrep results",
        ] {
            let text =
                format!("<testsuites><testsuite name=\"stages\"><testcase name=\"{name}\"/></testsuite></testsuites>");
            let report = read("t", text.as_bytes(), None);
            assert_eq!((report.format, report.classes.len()), ("junit-xml", 0), "{name}");
        }
    }

    #[test]
    fn a_version_begins_at_the_first_number_with_a_point() {
        for (name, version) in [
            ("libssl1.1", "1.1.1n-0+deb11u3"),
            ("libstdc++-12-dev", "12.2.0-14"),
            ("libcc1-0", "12.2.0-14"),
            ("zlib1g", "1:1.2.11.dfsg-2"),
            ("tzdata", "2021a-1+deb11u2"),
            ("less", "551-2"),
            ("lodash", "4.0.0-rc.1"),
            ("golang.org/x/text", "v0.0.0-20190308221718-c2843e01d9a2"),
            ("musl", "1.1.22-r3"),
        ] {
            assert_eq!(versioned(&format!("{name}-{version}")), (name, Some(version)));
        }
        assert_eq!(versioned("bare-name"), ("bare-name", None));
        assert_eq!(versioned("name-"), ("name", None));
    }
}
