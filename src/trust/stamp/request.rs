//! Asking for a time stamp: the bytes of the question, and whether an answer is one to it.

use sha2::{Digest as _, Sha256};

use super::info::{Info, status};
use super::{Authorities, BadStamp, Stamped};
use crate::trust::der::{self, INTEGER, NULL, OCTETS, OID, SEQUENCE};

const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const BOOLEAN: u8 = 0x01;

/// A question to an authority, with a nonce so that an old answer is noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    over: Vec<u8>,
    /// The content of a DER integer, positive.
    nonce: [u8; 16],
}

impl Request {
    /// Over the bytes of a signature; `nonce` is random.
    pub fn new(over: &[u8], mut nonce: [u8; 16]) -> Self {
        // Positive, and in the shortest spelling.
        nonce[0] = nonce[0] & 0x3f | 0x40;
        Self { over: over.to_vec(), nonce }
    }

    /// TimeStampReq in DER, for `application/timestamp-query`. Asks for the authority's certificate too.
    pub fn to_der(&self) -> Vec<u8> {
        let mut algorithm = Vec::new();
        der::put(&mut algorithm, OID, SHA256);
        der::put(&mut algorithm, NULL, &[]);
        let mut imprint = Vec::new();
        der::put(&mut imprint, SEQUENCE, &algorithm);
        der::put(&mut imprint, OCTETS, &Sha256::digest(&self.over));
        let mut content = Vec::new();
        der::put(&mut content, INTEGER, &[1]);
        der::put(&mut content, SEQUENCE, &imprint);
        der::put(&mut content, INTEGER, &self.nonce);
        der::put(&mut content, BOOLEAN, &[0xff]);
        let mut out = Vec::new();
        der::put(&mut out, SEQUENCE, &content);
        out
    }

    /// The token in an answer (TimeStampResp), if it was granted, answers this question, and is good.
    pub fn accept(&self, response: &[u8], authorities: &Authorities) -> Result<(Vec<u8>, Stamped), BadStamp> {
        let (status, token) = status(response)?;
        // 0: granted; 1: granted with modifications.
        if status > 1 {
            return Err(BadStamp::NotGranted(status));
        }
        let stamped = authorities.verify(token, &self.over)?;
        let content = super::authorities::content(token)?;
        if Info::parse(&content)?.nonce != Some(&self.nonce) {
            return Err(BadStamp::Nonce);
        }
        Ok((token.to_vec(), stamped))
    }
}

/// A token as the answer that other tools keep: with the status "granted" before it.
pub fn as_response(token: &[u8]) -> Vec<u8> {
    let mut content = vec![SEQUENCE, 3, INTEGER, 1, 0];
    content.extend(token);
    let mut out = Vec::new();
    der::put(&mut out, SEQUENCE, &content);
    out
}
