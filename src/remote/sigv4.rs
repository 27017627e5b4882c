//! AWS Signature Version 4, as S3 and what speaks its language want it.
//!
//! Described in "Authenticating Requests (AWS Signature Version 4)" of the Amazon S3 API reference, whose example
//! figures the tests reproduce.

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::domain::time::Timestamp;
use crate::secrets::Secret;

/// SHA-256's block, which HMAC pads a key to.
const BLOCK: usize = 64;

/// Who signs, for which region.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The id of the access key.
    pub access_key: Secret,
    /// The secret access key.
    pub secret_key: Secret,
    /// `eu-central-1`; stores of one's own take any, `us-east-1` by custom.
    pub region: String,
}

/// What is to be signed of a request.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `PUT`.
    pub method: &'a str,
    /// The path, percent-encoded as it is sent, from its first slash.
    pub path: &'a str,
    /// The query, percent-encoded as it is sent: `a=1&b=`.
    pub query: &'a str,
    /// `Host` and every other header that is to be signed but those that [`sign`] adds.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
}

/// The headers to be sent besides those of the request: the time, the body's digest, the signature.
pub fn sign(request: &Request<'_>, credentials: &Credentials, now: Timestamp) -> Vec<(&'static str, String)> {
    let compact = now.compact();
    let (day, time) = compact.split_at_checked(8).unwrap_or_default();
    let stamp = format!("{day}T{time}Z");
    let body = hex(&Sha256::digest(request.body));
    let mut headers: Vec<(String, String)> = request
        .headers
        .iter()
        .copied()
        .chain([("x-amz-content-sha256", body.as_str()), ("x-amz-date", stamp.as_str())])
        .map(|(name, value)| (name.to_ascii_lowercase(), value.split_whitespace().collect::<Vec<_>>().join(" ")))
        .collect();
    headers.sort();
    let signed = headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
    let listed: Vec<String> = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let listed = listed.concat();
    let mut query: Vec<&str> = request.query.split('&').filter(|part| !part.is_empty()).collect();
    query.sort_unstable();
    let canonical = format!("{}\n{}\n{}\n{listed}\n{signed}\n{body}", request.method, request.path, query.join("&"));
    let scope = format!("{day}/{}/s3/aws4_request", credentials.region);
    let text = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{}", hex(&Sha256::digest(canonical.as_bytes())));
    let first = Zeroizing::new(format!("AWS4{}", credentials.secret_key.expose()));
    let key = [day, &credentials.region, "s3", "aws4_request"]
        .iter()
        .fold(Zeroizing::new(first.as_bytes().to_vec()), |key, part| {
            Zeroizing::new(hmac(&key, part.as_bytes()).to_vec())
        });
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope},SignedHeaders={signed},Signature={}",
        credentials.access_key.expose(),
        hex(&hmac(&key, text.as_bytes()))
    );
    vec![("authorization", authorization), ("x-amz-content-sha256", body), ("x-amz-date", stamp)]
}

/// HMAC-SHA-256 (RFC 2104).
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = Zeroizing::new([0_u8; BLOCK]);
    if key.len() > BLOCK {
        block.iter_mut().zip(Sha256::digest(key)).for_each(|(b, k)| *b = k);
    } else {
        block.iter_mut().zip(key).for_each(|(b, k)| *b = *k);
    }
    let padded = |with: u8| Zeroizing::new(block.map(|b| b ^ with));
    let inner = Sha256::new().chain_update(padded(0x36).as_slice()).chain_update(message).finalize();
    Sha256::new().chain_update(padded(0x5c).as_slice()).chain_update(inner).finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(request: &Request<'_>) -> String {
        let credentials = Credentials {
            access_key: Secret::new("AKIAIOSFODNN7EXAMPLE"),
            secret_key: Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            region: "us-east-1".to_owned(),
        };
        let headers = sign(request, &credentials, "2013-05-24T00:00:00Z".parse().unwrap());
        assert_eq!(headers[2], ("x-amz-date", "20130524T000000Z".to_owned()));
        let (_, text) = &headers[0];
        let scope = "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=";
        assert!(text.starts_with("AWS4-HMAC-SHA256 ") && text.contains(scope), "{text}");
        text.rsplit_once("Signature=").unwrap().1.to_owned()
    }

    /// The four examples of the Amazon S3 API reference.
    #[test]
    fn the_published_examples_come_out() {
        let host = ("Host", "examplebucket.s3.amazonaws.com");
        let get = Request {
            method: "GET",
            path: "/test.txt",
            query: "",
            headers: &[host, ("Range", "bytes=0-9")],
            body: b"",
        };
        assert_eq!(signature(&get), "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
        let put = Request {
            method: "PUT",
            path: "/test%24file.text",
            query: "",
            headers: &[host, ("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
            body: b"Welcome to Amazon S3.",
        };
        assert_eq!(signature(&put), "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
        let lifecycle = Request { method: "GET", path: "/", query: "lifecycle=", headers: &[host], body: b"" };
        assert_eq!(signature(&lifecycle), "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
        let list = Request { query: "prefix=J&max-keys=2", ..lifecycle };
        assert_eq!(signature(&list), "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
    }

    /// Cases 1, 2 and 6 of RFC 4231: a short key, a shorter one, and one longer than a block.
    #[test]
    fn hmac_is_that_of_rfc_4231() {
        let cases: [(&[u8], &[u8], &str); 3] = [
            (&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (key, message, want) in cases {
            assert_eq!(hex(&hmac(key, message)), want);
        }
    }
}
