//! What an attestation says: the kinds that can be asked for.

/// What an attestation must say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Predicate {
    /// SLSA provenance, v0.2 or v1.
    Slsa,
    /// Nothing: a signature over the artifact itself.
    Signature,
    /// This predicate, by its URI.
    Uri(String),
}

impl Predicate {
    /// The predicates that are SLSA provenance.
    const SLSA: [&str; 2] = ["https://slsa.dev/provenance/v0.2", "https://slsa.dev/provenance/v1"];

    /// From the word of the configuration: `slsa`, `signature`, or a URI.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "slsa" => Some(Self::Slsa),
            "signature" => Some(Self::Signature),
            uri if uri.contains("://") => Some(Self::Uri(uri.to_owned())),
            _ => None,
        }
    }

    /// The word of the configuration.
    pub fn word(&self) -> &str {
        match self {
            Self::Slsa => "slsa",
            Self::Signature => "signature",
            Self::Uri(uri) => uri,
        }
    }

    /// Whether an attestation with this predicate, or with none, is of the kind.
    pub fn is(&self, said: Option<&str>) -> bool {
        match self {
            Self::Slsa => said.is_some_and(|s| Self::SLSA.contains(&s)),
            Self::Signature => said.is_none(),
            Self::Uri(uri) => said == Some(uri),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predicates_are_known_by_their_whole_name() {
        let slsa = Predicate::from_word("slsa").unwrap();
        assert!(slsa.is(Some("https://slsa.dev/provenance/v1")) && slsa.is(Some("https://slsa.dev/provenance/v0.2")));
        assert!(!slsa.is(Some("https://slsa.dev/provenance/v1.evil")) && !slsa.is(None));
        assert!(Predicate::from_word("signature").unwrap().is(None));
        assert!(Predicate::from_word("slsa1").is_none());
    }
}
