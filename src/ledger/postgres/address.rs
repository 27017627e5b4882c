//! The address of a ledger in PostgreSQL.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

/// Where PostgreSQL listens when nothing else is said.
const PORT: u16 = 5432;

/// Where a ledger in PostgreSQL is. It has no password: that is a setting of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The role that we are there.
    pub role: String,
    /// The host's name or address, or the folder of its socket.
    pub host: Place,
    /// The port, also part of a socket's name.
    pub port: u16,
    /// The database.
    pub database: String,
    /// How the way there is protected; `None`: it is not.
    pub tls: Option<TlsFiles>,
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A name or an address.
    Net(String),
    /// A folder with a socket.
    Socket(PathBuf),
}

/// Files of TLS, as PEM.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// The authorities that may vouch for the server, instead of the machine's.
    pub root: Option<PathBuf>,
    /// The client's certificate and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
}

impl Address {
    /// Reads `postgres://role@host:port/database?sslmode=..`. The error is a full sentence with what to do, and does not
    /// repeat the address.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(&with_host(text)).map_err(|e| format!("This is not an address ({e}). {FORM}"))?;
        if url.password().is_some() {
            return Err("The password does not stand in the address, which others read too: say where it is with \
                        [ledger] password. If it was a real one, replace it."
                .to_owned());
        }
        if url.fragment().is_some() {
            return Err("The address has no fragment: end it before #.".to_owned());
        }
        let role = decode(url.username())?;
        if role.is_empty() {
            return Err(format!("The address names no role. {FORM}"));
        }
        let database = decode(url.path().trim_start_matches('/'))?;
        if database.is_empty() || database.contains('/') {
            return Err(format!("The address names no database. {FORM}"));
        }
        let mut said = Parameters::default();
        for (name, value) in url.query_pairs() {
            said.take(&name, value.into_owned())?;
        }
        let (host, near) = place(&url, said.host.take())?;
        let port = url.port().or(said.port).unwrap_or(PORT);
        let tls = said.tls(near)?;
        Ok(Self { role, host, port, database, tls })
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (role, database) = (crate::text::line(&self.role), crate::text::line(&self.database));
        match &self.host {
            Place::Net(host) => write!(f, "postgres://{role}@{}:{}/{database}", crate::text::line(host), self.port),
            Place::Socket(folder) => {
                let folder = folder.display().to_string();
                write!(f, "postgres://{role}@:{}/{database} (socket in {})", self.port, crate::text::line(&folder))
            }
        }
    }
}

const FORM: &str = "Write it as postgres://role@host/database.";

fn decode(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8().map(std::borrow::Cow::into_owned);
    let decoded = decoded.map_err(|_e| format!("The address is not text. {FORM}"))?;
    if decoded.contains('\0') { Err(format!("The address has a zero byte in it. {FORM}")) } else { Ok(decoded) }
}

/// Stands for the host that an address of a socket does not have.
const NONE: &str = "socket.invalid";

/// `role@/database`, which is how PostgreSQL's own programs write it, is no address for anybody else.
fn with_host(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match authority
        .strip_suffix('@')
        .and_then(|role| rest.strip_prefix(role)?.strip_prefix('@').map(|after| (role, after)))
    {
        Some((role, after)) => format!("{scheme}://{role}@{NONE}{after}"),
        None => text.to_owned(),
    }
}

/// Where the server is, and whether that is this machine.
fn place(url: &Url, socket: Option<PathBuf>) -> Result<(Place, bool), String> {
    let host = url.host_str().filter(|h| !h.is_empty() && *h != NONE);
    match (host, socket) {
        (None, Some(folder)) => Ok((Place::Socket(folder), true)),
        (Some(_), Some(_)) => {
            Err("The address names a host twice: before the database, and as host=. Keep one.".to_owned())
        }
        (None, None) => Err(format!("The address names no host. {FORM} A socket is ?host=/run/postgresql.")),
        (Some(host), None) => {
            let name = decode(host.trim_start_matches('[').trim_end_matches(']'))?;
            let near = match Host::parse(host) {
                Ok(Host::Ipv4(address)) => address.is_loopback(),
                Ok(Host::Ipv6(address)) => address.is_loopback(),
                Ok(Host::Domain(name)) => name == "localhost",
                Err(_) => false,
            };
            Ok((Place::Net(name), near))
        }
    }
}

#[derive(Default)]
struct Parameters {
    host: Option<PathBuf>,
    port: Option<u16>,
    mode: Option<String>,
    root: Option<PathBuf>,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl Parameters {
    fn take(&mut self, name: &str, value: String) -> Result<(), String> {
        let file = |value: String| {
            let path = PathBuf::from(value);
            if path.is_absolute() { Ok(Some(path)) } else { Err(format!("{name} in the address is an absolute path.")) }
        };
        match name {
            "sslmode" => self.mode = Some(value),
            "host" => self.host = file(value)?,
            // An address without a host has no other place for it.
            "port" => {
                let port = value.parse().map_err(|_e| "port in the address is a number.".to_owned())?;
                self.port = Some(port);
            }
            "sslrootcert" => self.root = file(value)?,
            "sslcert" => self.cert = file(value)?,
            "sslkey" => self.key = file(value)?,
            "password" => {
                return Err("The password does not stand in the address, which others read too: say where it is with \
                            [ledger] password. If it was a real one, replace it."
                    .to_owned());
            }
            other => {
                return Err(format!(
                    "The address has the parameter {:?}, which is not known. Known are host, port, sslmode, sslrootcert, \
                     sslcert and sslkey.",
                    crate::text::line(other)
                ));
            }
        }
        Ok(())
    }

    /// Without a word, the way to this machine goes without TLS, and every other one with it.
    fn tls(self, near: bool) -> Result<Option<TlsFiles>, String> {
        let identity = match (self.cert, self.key) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            _ => return Err("sslcert and sslkey in the address go together: give both, or neither.".to_owned()),
        };
        let files = TlsFiles { root: self.root, identity };
        match self.mode.as_deref() {
            Some("verify-full") => Ok(Some(files)),
            None if !near || files != TlsFiles::default() => Ok(Some(files)),
            None => Ok(None),
            Some("disable") if files == TlsFiles::default() => Ok(None),
            Some("disable") => Err("sslmode=disable and certificates in one address contradict each other.".to_owned()),
            Some(_) => Err("sslmode in the address is verify-full, which is the default over a network, or disable. \
                            What lies between can be listened to, or answered by somebody else."
                .to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let plain = Address::parse("postgres://count%40er@db.example.com/ledger").unwrap();
        assert_eq!((plain.role.as_str(), plain.port, plain.database.as_str()), ("count@er", 5432, "ledger"));
        assert_eq!(plain.host, Place::Net("db.example.com".to_owned()));
        assert_eq!(plain.tls, Some(TlsFiles::default()));
        assert_eq!(plain.to_string(), "postgres://count@er@db.example.com:5432/ledger");
        for near in ["localhost", "127.0.0.1", "[::1]"] {
            let address = Address::parse(&format!("postgresql://a@{near}:6000/b")).unwrap();
            assert_eq!((address.port, address.tls), (6000, None), "{near}");
        }
        let socket = Address::parse("postgres://a@/b?host=/run/postgresql&port=5433").unwrap();
        assert_eq!((socket.host, socket.port, socket.tls), (Place::Socket("/run/postgresql".into()), 5433, None));
        let files = "sslmode=verify-full&sslrootcert=/r.pem&sslcert=/c.pem&sslkey=/k.pem";
        let full = Address::parse(&format!("postgres://a@localhost/b?{files}")).unwrap();
        let tls = full.tls.unwrap();
        assert_eq!(tls.root, Some("/r.pem".into()));
        assert_eq!(tls.identity, Some(("/c.pem".into(), "/k.pem".into())));
        assert_eq!(Address::parse("postgres://a@db/b?sslmode=disable").unwrap().tls, None);
    }

    #[test]
    fn what_cannot_be_is_told_without_the_address() {
        for (address, says) in [
            ("postgres://a:s3cret@db/b", "[ledger] password"),
            ("postgres://a@db/b?password=s3cret", "[ledger] password"),
            ("postgres://db/b", "no role"),
            ("postgres://a@db", "no database"),
            ("postgres://a@db/b/c", "no database"),
            ("postgres://a@/b", "no host"),
            ("postgres://a@db/b?host=/run", "twice"),
            ("postgres://a@/b?host=run", "absolute"),
            ("postgres://a@db/b?sslmode=require", "verify-full"),
            ("postgres://a@db/b?sslmode=prefer", "verify-full"),
            ("postgres://a@db/b?sslmode=disable&sslrootcert=/r", "contradict"),
            ("postgres://a@db/b?sslcert=/c", "together"),
            ("postgres://a@db/b?options=s3cret", "not known"),
            ("postgres://a@db:port/b", "not an address"),
            ("postgres://a@db/b#s3cret", "fragment"),
        ] {
            let why = Address::parse(address).unwrap_err();
            assert!(why.contains(says) && !why.contains("s3cret"), "{address}: {why}");
        }
    }
}
