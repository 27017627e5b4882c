//! What a store of S3 answers with, in XML.

use quick_xml::events::Event;

/// One page of the versions in a bucket.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Key and version.
    pub(super) versions: Vec<(String, String)>,
    /// Where the next page begins, if this one is not the last.
    pub(super) next: Option<(String, String)>,
}

impl Page {
    /// Reads a page. What is no whole list of versions is an error, a half sentence: taken for a list without notes, it
    /// would hide them all.
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        let (mut page, mut truncated, mut mark) = (Self::default(), None, (String::new(), String::new()));
        let (mut key, mut version) = (String::new(), String::new());
        let (mut roots, mut nameless) = (Vec::new(), false);
        elements(body, |path, text| match path {
            [root] => roots.push((*root).to_owned()),
            ["ListVersionsResult", "Version", "Key"] => text.clone_into(&mut key),
            ["ListVersionsResult", "Version", "VersionId"] => text.clone_into(&mut version),
            ["ListVersionsResult", "Version"] => {
                nameless |= key.is_empty();
                page.versions.push((std::mem::take(&mut key), std::mem::take(&mut version)));
            }
            ["ListVersionsResult", "IsTruncated"] => truncated = Some(text.to_owned()),
            ["ListVersionsResult", "NextKeyMarker"] => text.clone_into(&mut mark.0),
            ["ListVersionsResult", "NextVersionIdMarker"] => text.clone_into(&mut mark.1),
            _ => {}
        })?;
        if roots != ["ListVersionsResult"] {
            return Err("it is no ListVersionsResult".to_owned());
        }
        if nameless {
            return Err("it has a version without a key".to_owned());
        }
        page.next = match truncated.as_deref() {
            Some("false") => None,
            Some("true") if mark.0.is_empty() => {
                return Err("it is truncated, and does not say where it goes on".to_owned());
            }
            Some("true") => Some(mark),
            _ => return Err("it does not say whether it is truncated".to_owned()),
        };
        Ok(page)
    }
}

/// Code and message of an error answer.
pub(super) fn complaint(body: &[u8]) -> (String, String) {
    let (mut code, mut message) = (String::new(), String::new());
    // What cannot be read says nothing.
    elements(body, |path, text| match path {
        [_, "Code"] => text.clone_into(&mut code),
        [_, "Message"] => text.clone_into(&mut message),
        _ => {}
    })
    .ok();
    (code, message)
}

/// Calls `each` at the end of every element, with the names from the top down to it and its text.
fn elements(body: &[u8], mut each: impl FnMut(&[&str], &str)) -> Result<(), String> {
    let mut reader = quick_xml::Reader::from_reader(body);
    let (mut path, mut text): (Vec<String>, String) = (Vec::new(), String::new());
    loop {
        match reader.read_event().map_err(|e| e.to_string())? {
            Event::Start(start) => {
                if path.len() > 16 {
                    return Err("it is nested too deeply".to_owned());
                }
                path.push(start.local_name().as_ref().to_owned());
                text.clear();
            }
            Event::Text(part) => text.push_str(&part),
            Event::GeneralRef(name) => {
                text.push_str(match &*name {
                    "amp" => "&",
                    "lt" => "<",
                    "gt" => ">",
                    "quot" => "\"",
                    "apos" => "'",
                    _ => "?",
                });
            }
            Event::End(_) => {
                let names: Vec<&str> = path.iter().map(String::as_str).collect();
                each(&names, text.trim());
                path.pop();
                text.clear();
            }
            Event::Eof if path.is_empty() => return Ok(()),
            Event::Eof => return Err("it ends early".to_owned()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_complaints_are_read() {
        let body = br#"<?xml version="1.0"?><ListVersionsResult xmlns="urn:x"><IsTruncated>true</IsTruncated>
            <NextKeyMarker>a&amp;b</NextKeyMarker><NextVersionIdMarker>v9</NextVersionIdMarker>
            <Version><Key>checkpoints/ab/000000000002.note</Key><VersionId>v1</VersionId><Owner><ID>1</ID></Owner></Version>
            <DeleteMarker><Key>checkpoints/ab/000000000003.note</Key><VersionId>v2</VersionId></DeleteMarker>
            </ListVersionsResult>"#;
        let page = Page::read(body).unwrap();
        assert_eq!(page.versions, [("checkpoints/ab/000000000002.note".to_owned(), "v1".to_owned())]);
        assert_eq!(page.next, Some(("a&b".to_owned(), "v9".to_owned())));
        assert!(Page::read(b"<ListVersionsResult><Version>").is_err());
        let error = br"<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
        assert_eq!(complaint(error), ("AccessDenied".to_owned(), "no".to_owned()));
        assert_eq!(complaint(b"not xml at all <"), (String::new(), String::new()));
    }

    #[test]
    fn what_is_no_whole_list_is_none() {
        let list = |inside: &str| format!("<ListVersionsResult>{inside}</ListVersionsResult>");
        let good = list("<IsTruncated>false</IsTruncated>");
        assert!(Page::read(good.as_bytes()).is_ok_and(|page| page.next.is_none()));
        let version = "<Version><Key>a</Key></Version>";
        for (body, says) in [
            ("<html><head/><body><p>Please log in.</p></body></html>".to_owned(), "no ListVersionsResult"),
            (
                "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>".to_owned(),
                "no ListVersionsResult",
            ),
            (format!("<x>{good}</x>"), "no ListVersionsResult"),
            (format!("{good}{good}"), "no ListVersionsResult"),
            (String::new(), "no ListVersionsResult"),
            ("Please log in.".to_owned(), "no ListVersionsResult"),
            (list(version), "whether it is truncated"),
            (list("<IsTruncated>perhaps</IsTruncated>"), "whether it is truncated"),
            (list(&format!("{version}<IsTruncated>true</IsTruncated>")), "where it goes on"),
            (list("<IsTruncated>true</IsTruncated><NextVersionIdMarker>v</NextVersionIdMarker>"), "where it goes on"),
            (list("<Version><VersionId>v</VersionId></Version><IsTruncated>false</IsTruncated>"), "without a key"),
        ] {
            let why = Page::read(body.as_bytes()).unwrap_err();
            assert!(why.contains(says), "{body}: {why}");
        }
    }
}
