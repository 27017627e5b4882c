//! Attestations around a report: DSSE envelopes, one or one a line as `cosign download attestation` writes them, and
//! Sigstore bundles. The signature is not checked here: what is in it is read as if it were the file.

use super::Unreadable;
use super::node::Node;
use super::words;

/// How much of a file tells whether it may be an envelope.
const HEAD: usize = 4096;

/// Whether a file may be one, by its first bytes.
pub(super) fn may_be(bytes: &[u8]) -> bool {
    let head = String::from_utf8_lossy(bytes.get(..HEAD).unwrap_or(bytes));
    let head = head.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']);
    head.starts_with('{') && ["\"payload", "\"dsseEnvelope\"", "sigstore.bundle"].iter().any(|mark| head.contains(mark))
}

/// What is attested in each of the envelopes that a text consists of; none if it consists of anything else.
pub(super) fn attested(text: &str) -> Option<Result<Vec<String>, Unreadable>> {
    let documents = Node::parse_all(text).ok().filter(|d| !d.is_empty())?;
    let envelopes: Option<Vec<&Node<'_>>> = documents.iter().map(envelope).collect();
    Some(envelopes?.into_iter().map(|e| opened(e.get("payload").or_empty())).collect())
}

fn envelope<'d, 'a>(document: &'d Node<'a>) -> Option<&'d Node<'a>> {
    let inner = document.get("dsseEnvelope");
    let envelope = if inner.is_object() { inner } else { document };
    (envelope.get("payload").text().is_some() && envelope.has_any(&["payloadType", "signatures"])).then_some(envelope)
}

/// The report in a payload: the predicate of the statement, or what stands in that as the data or as the result of a scanner.
fn opened(payload: &str) -> Result<String, Unreadable> {
    let statement = words::from_base64(payload)
        .ok_or_else(|| Unreadable("The payload of the attestation is no Base64.".to_owned()))?;
    let outline = Node::outline(&statement, &["predicate"])?;
    let Node::Unread(predicate) = outline.get("predicate") else { return Ok(statement) };
    if !predicate.starts_with('{') {
        return Ok(statement);
    }
    let parts = Node::outline(predicate, &["Data", "result"])?;
    let report = match (parts.get("Data"), parts.get("scanner").get("result")) {
        (Node::Unread(data), _) if data.starts_with('"') => Node::parse(data)?.or_empty().to_owned(),
        (Node::Unread(found), _) | (_, Node::Unread(found)) if found.starts_with(['{', '[']) => (*found).to_owned(),
        _ => (*predicate).to_owned(),
    };
    Ok(report)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use crate::domain::finding::ReportStatus;
    use crate::report::{read, read_all};

    fn envelope(predicate: &str) -> String {
        let statement = format!(
            r#"{{"_type": "https://in-toto.io/Statement/v1", "predicateType": "x", "predicate": {predicate}}}"#
        );
        let payload = base64::engine::general_purpose::STANDARD.encode(statement);
        format!(
            r#"{{"payloadType": "application/vnd.in-toto+json", "payload": "{payload}", "signatures": [{{"sig": "x"}}]}}"#
        )
    }

    const VEX: &str = r#"{"@context": "https://openvex.dev/ns/v0.2.0", "statements": [
        {"vulnerability": {"name": "CVE-2024-1"}, "products": [{"@id": "pkg:npm/a@1"}], "status": "affected"}]}"#;
    const BOM: &str = r#"{"bomFormat": "CycloneDX", "components": [{"name": "a"}], "vulnerabilities": []}"#;

    #[test]
    fn what_is_attested_is_read_as_if_it_were_the_file() {
        let quoted = serde_json::Value::from(VEX).to_string();
        for predicate in [
            VEX.to_owned(),
            format!(r#"{{"Data": {quoted}, "Timestamp": ""}}"#),
            format!(r#"{{"Data": {VEX}}}"#),
            format!(r#"{{"scanner": {{"uri": "x", "result": {VEX}}}}}"#),
        ] {
            let report = read("a.json", envelope(&predicate).as_bytes(), None);
            assert_eq!((report.format, report.findings.len()), ("openvex-json", 1), "{predicate}");
        }
        let bundle = format!(
            r#"{{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "verificationMaterial": {{}}, "dsseEnvelope": {}}}"#,
            envelope(BOM)
        );
        assert_eq!(read("a.json", bundle.as_bytes(), None).format, "cyclonedx-json");
    }

    #[test]
    fn each_of_several_is_a_report() {
        let lines = format!("{}\n{}\n", envelope(VEX), envelope(BOM));
        let reports = read_all("a.jsonl", lines.as_bytes(), None);
        let formats: Vec<_> = reports.iter().map(|r| (r.file.raw(), r.format)).collect();
        assert_eq!(formats, [("a.jsonl/1", "openvex-json"), ("a.jsonl/2", "cyclonedx-json")]);
        assert_eq!(read("a.jsonl", lines.as_bytes(), None).status, ReportStatus::Error);
        let broken = r#"{"payloadType": "x", "payload": "%%%", "signatures": []}"#;
        assert!(read("a", broken.as_bytes(), None).reason.unwrap().raw().contains("no Base64"));
    }
}
