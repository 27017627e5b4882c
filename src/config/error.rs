//! What is wrong with a configuration, and where.

use std::fmt;
use std::path::PathBuf;

use crate::error::AppError;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Built in.
    Default,
    /// A file.
    File {
        /// Its path.
        path: PathBuf,
        /// The line, from 1; 0 for the file as a whole.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
    },
    /// An environment variable.
    Variable(String),
    /// A flag of the command line, by the key that it sets.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("built in"),
            Self::File { path, line: 0, .. } => f.write_str(&crate::text::line(&path.display().to_string())),
            Self::File { path, line, .. } => write!(f, "{}:{line}", crate::text::line(&path.display().to_string())),
            Self::Variable(name) => f.write_str(&crate::text::line(name)),
            Self::Flag(key) => write!(f, "flag for {}", crate::text::line(key)),
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub origin: Origin,
    /// The full key: `connections.jenkins.token`. Empty where there is none yet.
    pub key: String,
    /// What, in full sentences with what to do. Never a value that could be a secret.
    pub message: String,
    /// The line with a mark under the place, its values left out; for files.
    pub excerpt: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::File { line: 1.., column, .. } => write!(f, "{}:{column}", self.origin)?,
            other => write!(f, "{other}")?,
        }
        write!(f, ": {}", crate::text::line(&self.message))?;
        match &self.excerpt {
            Some(excerpt) => write!(f, "\n{}", crate::text::block(excerpt)),
            None => Ok(()),
        }
    }
}

/// A configuration that cannot be used: all that is wrong with it, in the order of the layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// What is wrong; at least one.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.problems.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

impl From<ConfigError> for AppError {
    fn from(error: ConfigError) -> Self {
        Self::usage(error.to_string())
    }
}

/// The name among `known` that was most likely meant.
pub(super) fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    let limit = (wrong.chars().count() / 3).max(2);
    known
        .into_iter()
        .map(|name| (distance(&wrong, &name.to_lowercase()), name))
        .filter(|(d, name)| *d <= limit && *d < name.chars().count())
        .min()
        .map(|(_, name)| name)
}

/// `Did you mean "x"?`, or else what there is.
pub(super) fn meant<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(name) = nearest(wrong, known.clone()) {
        return format!("Did you mean \"{name}\"?");
    }
    let mut all: Vec<&str> = known.into_iter().collect();
    all.sort_unstable();
    if all.is_empty() { "There is none.".to_owned() } else { format!("There is: {}.", all.join(", ")) }
}

/// How many insertions, deletions, changes and swaps of neighbours lie between two words.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let width = b.len() + 1;
    let mut table = vec![0; (a.len() + 1) * width];
    let at = |i: usize, j: usize| i * width + j;
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            table[at(i, j)] = if i == 0 || j == 0 {
                i + j
            } else {
                let change = usize::from(a[i - 1] != b[j - 1]);
                let mut best =
                    (table[at(i - 1, j)] + 1).min(table[at(i, j - 1)] + 1).min(table[at(i - 1, j - 1)] + change);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best = best.min(table[at(i - 2, j - 2)] + 1);
                }
                best
            };
        }
    }
    table[at(a.len(), b.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, d) in
            [("", "abc", 3), ("token", "token", 0), ("tokne", "token", 1), ("tkn", "token", 2), ("a", "b", 1)]
        {
            assert_eq!(distance(a, b), d, "{a} {b}");
        }
    }

    #[test]
    fn the_nearest_is_named_only_if_near() {
        let known = ["url", "user", "token", "allowed_signers"];
        assert_eq!(nearest("Tokn", known), Some("token"));
        assert_eq!(nearest("allowed-signer", known), Some("allowed_signers"));
        assert_eq!(nearest("password", known), None);
        assert_eq!(nearest("xyz", known), None);
        assert!(meant("password", known).contains("allowed_signers, token, url, user"));
    }
}
