//! How people name a gate: its full id, or `service@version/environment` where that is unique.

use super::ids::GateId;

/// A gate as somebody named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateAddress {
    /// `connection:part/part/part`.
    Full(GateId),
    /// `service@version/environment`; the environment, and the version with it, may be left out.
    Short {
        /// The service.
        service: String,
        /// The version.
        version: Option<String>,
        /// The environment.
        environment: Option<String>,
    },
}

impl GateAddress {
    /// Reads an address. Every text is one of the two; a text with a colon before any `@` or `/` is a full id.
    pub fn parse(text: &str) -> Result<Self, super::ids::BadId> {
        let first = text.find([':', '@', '/']).and_then(|i| text.as_bytes().get(i));
        if first == Some(&b':') {
            return text.parse().map(Self::Full);
        }
        let (service, rest) = match text.split_once('@') {
            Some((service, rest)) => (service, Some(rest)),
            None => (text, None),
        };
        let (version, environment) = match rest.map(|r| r.rsplit_once('/').unwrap_or((r, ""))) {
            None => match service.rsplit_once('/') {
                Some((s, e)) => {
                    return Ok(Self::Short { service: s.to_owned(), version: None, environment: Some(e.to_owned()) });
                }
                None => (None, None),
            },
            Some((v, "")) => (Some(v), None),
            Some((v, e)) => (Some(v), Some(e)),
        };
        Ok(Self::Short {
            service: service.to_owned(),
            version: version.map(ToOwned::to_owned),
            environment: environment.map(ToOwned::to_owned),
        })
    }

    /// Whether a gate of this id and release is meant.
    pub fn names(&self, id: &GateId, release: &super::release::Release) -> bool {
        match self {
            Self::Full(full) => full == id,
            Self::Short { service, version, environment } => {
                *service == release.service
                    && version.as_ref().is_none_or(|v| v == release.version.raw())
                    && environment.as_ref().is_none_or(|e| *e == release.environment)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms() {
        assert!(matches!(GateAddress::parse("spinnaker:shop/01H/01S"), Ok(GateAddress::Full(_))));
        let short = |s: &str, v: Option<&str>, e: Option<&str>| GateAddress::Short {
            service: s.into(),
            version: v.map(Into::into),
            environment: e.map(Into::into),
        };
        assert_eq!(GateAddress::parse("pay@1.4.2/prod"), Ok(short("pay", Some("1.4.2"), Some("prod"))));
        assert_eq!(GateAddress::parse("pay@1.4.2"), Ok(short("pay", Some("1.4.2"), None)));
        assert_eq!(GateAddress::parse("pay"), Ok(short("pay", None, None)));
        assert_eq!(GateAddress::parse("pay/prod"), Ok(short("pay", None, Some("prod"))));
        assert_eq!(GateAddress::parse("pay@feature/x/prod"), Ok(short("pay", Some("feature/x"), Some("prod"))));
    }
}
