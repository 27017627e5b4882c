//! No second TLS stack: what stands in the place of `native-tls`, and never makes a connection.
//!
//! jira_query depends on reqwest 0.12 with its default features, and these bring native-tls: OpenSSL at build time, two
//! shared libraries at run time, and the machine's certificates read a
//! second time whenever a `JiraInstance` is made. Countersign always gives jira_query a client on rustls, so none of that is
//! ever used, but cargo has no way to say so. This crate has the names that reqwest, hyper-tls and tokio-native-tls want.
//! A connector can be made, since reqwest makes one before it is given the client; to connect is an error.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::marker::PhantomData;

/// Why nothing can be done: there is no TLS here.
#[derive(Debug, Clone, Copy)]
pub struct Error;

/// What everything here gives.
pub type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this program makes TLS connections by rustls only; a client was used that was not set up for it")
    }
}

impl std::error::Error for Error {}

/// A key and its certificates, of which there are none.
#[derive(Clone)]
pub struct Identity(Infallible);

impl Identity {
    /// Always an error.
    pub fn from_pkcs12(_der: &[u8], _password: &str) -> Result<Self> {
        Err(Error)
    }

    /// Always an error.
    pub fn from_pkcs8(_pem: &[u8], _key: &[u8]) -> Result<Self> {
        Err(Error)
    }
}

/// A certificate, of which there are none.
#[derive(Clone)]
pub struct Certificate(Infallible);

impl Certificate {
    /// Always an error.
    pub fn from_der(_der: &[u8]) -> Result<Self> {
        Err(Error)
    }

    /// Always an error.
    pub fn from_pem(_pem: &[u8]) -> Result<Self> {
        Err(Error)
    }

    /// Never called.
    pub fn to_der(&self) -> Result<Vec<u8>> {
        match self.0 {}
    }
}

/// Versions of TLS.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Protocol {
    /// SSL 3.
    Sslv3,
    /// TLS 1.0.
    Tlsv10,
    /// TLS 1.1.
    Tlsv11,
    /// TLS 1.2.
    Tlsv12,
    /// TLS 1.3.
    Tlsv13,
}

/// Takes every setting, and forgets it.
#[derive(Debug, Default)]
pub struct TlsConnectorBuilder(());

impl TlsConnectorBuilder {
    /// There is none that could be given.
    #[expect(clippy::needless_pass_by_value, reason = "as in native-tls")]
    pub fn identity(&mut self, identity: Identity) -> &mut Self {
        match identity.0 {}
    }

    /// Forgotten.
    pub fn min_protocol_version(&mut self, _protocol: Option<Protocol>) -> &mut Self {
        self
    }

    /// Forgotten.
    pub fn max_protocol_version(&mut self, _protocol: Option<Protocol>) -> &mut Self {
        self
    }

    /// There is none that could be given.
    #[expect(clippy::needless_pass_by_value, reason = "as in native-tls")]
    pub fn add_root_certificate(&mut self, certificate: Certificate) -> &mut Self {
        match certificate.0 {}
    }

    /// Forgotten.
    pub fn disable_built_in_roots(&mut self, _disable: bool) -> &mut Self {
        self
    }

    /// Forgotten.
    pub fn request_alpns(&mut self, _protocols: &[&str]) -> &mut Self {
        self
    }

    /// Forgotten: there is no connection that could accept anything.
    pub fn danger_accept_invalid_certs(&mut self, _accept: bool) -> &mut Self {
        self
    }

    /// Forgotten: there is no connection that could accept anything.
    pub fn danger_accept_invalid_hostnames(&mut self, _accept: bool) -> &mut Self {
        self
    }

    /// Forgotten.
    pub fn use_sni(&mut self, _use: bool) -> &mut Self {
        self
    }

    /// A connector that does not connect.
    pub fn build(&self) -> Result<TlsConnector> {
        Ok(TlsConnector(()))
    }
}

/// Does not connect.
#[derive(Debug, Clone)]
pub struct TlsConnector(());

impl TlsConnector {
    /// A connector that does not connect.
    pub fn new() -> Result<Self> {
        Ok(Self(()))
    }

    /// A builder of one.
    pub fn builder() -> TlsConnectorBuilder {
        TlsConnectorBuilder(())
    }

    /// Always an error.
    pub fn connect<S>(&self, _domain: &str, _stream: S) -> std::result::Result<TlsStream<S>, HandshakeError<S>> {
        Err(HandshakeError::Failure(Error))
    }
}

/// Accepts no connections.
#[derive(Debug, Clone)]
pub struct TlsAcceptor(());

impl TlsAcceptor {
    /// Always an error.
    pub fn accept<S>(&self, _stream: S) -> std::result::Result<TlsStream<S>, HandshakeError<S>> {
        Err(HandshakeError::Failure(Error))
    }
}

/// Why a handshake did not come about.
#[derive(Debug)]
pub enum HandshakeError<S> {
    /// There is no TLS here.
    Failure(Error),
    /// Never.
    WouldBlock(MidHandshakeTlsStream<S>),
}

impl<S> From<Error> for HandshakeError<S> {
    fn from(error: Error) -> Self {
        Self::Failure(error)
    }
}

impl<S> fmt::Display for HandshakeError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failure(error) => error.fmt(f),
            Self::WouldBlock(never) => match never.0 {},
        }
    }
}

impl<S: fmt::Debug> std::error::Error for HandshakeError<S> {}

/// Never there.
#[derive(Debug)]
pub struct MidHandshakeTlsStream<S>(Infallible, PhantomData<S>);

impl<S> MidHandshakeTlsStream<S> {
    /// Never called.
    pub fn get_ref(&self) -> &S {
        match self.0 {}
    }

    /// Never called.
    pub fn get_mut(&mut self) -> &mut S {
        match self.0 {}
    }

    /// Never called.
    pub fn handshake(self) -> std::result::Result<TlsStream<S>, HandshakeError<S>> {
        match self.0 {}
    }
}

/// Never there.
#[derive(Debug)]
pub struct TlsStream<S>(Infallible, PhantomData<S>);

impl<S> TlsStream<S> {
    /// Never called.
    pub fn get_ref(&self) -> &S {
        match self.0 {}
    }

    /// Never called.
    pub fn get_mut(&mut self) -> &mut S {
        match self.0 {}
    }

    /// Never called.
    pub fn peer_certificate(&self) -> Result<Option<Certificate>> {
        match self.0 {}
    }

    /// Never called.
    pub fn negotiated_alpn(&self) -> Result<Option<Vec<u8>>> {
        match self.0 {}
    }

    /// Never called.
    pub fn shutdown(&mut self) -> io::Result<()> {
        match self.0 {}
    }
}

impl<S> io::Read for TlsStream<S> {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        match self.0 {}
    }
}

impl<S> io::Write for TlsStream<S> {
    fn write(&mut self, _buffer: &[u8]) -> io::Result<usize> {
        match self.0 {}
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0 {}
    }
}
