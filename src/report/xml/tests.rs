use proptest::prelude::*;

use super::*;

fn alerts(text: &str) -> Result<Vec<Node<'_>>, Unreadable> {
    let mut out = Vec::new();
    walk(text, &["a"], |part| {
        if let Part::Whole(node) = part {
            out.push(node);
        }
    })?;
    Ok(out)
}

#[test]
fn elements_attributes_and_references() {
    let found = alerts(r#"<?xml version="1.0"?><r><a k="1 &lt; 2"><b>x &amp; &#65;<![CDATA[<y>]]></b></a><a/></r>"#);
    let found = found.unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].attribute("k"), Some("1 < 2"));
    assert_eq!(found[0].text_of("b"), Some("x & A<y>"));
}

#[test]
fn bombs_and_outside_entities_are_refused() {
    let bomb = r#"<!DOCTYPE r [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]><r><a><c>&b;</c></a></r>"#;
    assert!(alerts(bomb).unwrap_err().0.contains("declares entities"));
    let outside = r#"<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r><a>&x;</a></r>"#;
    assert!(alerts(outside).unwrap_err().0.contains("declares entities"));
    assert!(alerts("<r><a>&x;</a></r>").unwrap_err().0.contains("&x; is not known"));
}

#[test]
fn broken_documents_say_where() {
    assert!(alerts("<r>\n<a><b></a></r>").unwrap_err().0.contains("line 2"));
    assert!(alerts("<r><a>").unwrap_err().0.contains("ends before"));
    assert!(alerts(&format!("<r><a>{}", "<b>".repeat(10_000))).unwrap_err().0.contains("nested"));
    assert!(alerts(&"<b>".repeat(10_000)).unwrap_err().0.contains("nested"));
}

/// What `pass` and `Elements` give has to be what `walk` gives, though they look for the end without reading.
fn passed(text: &str) -> Result<Vec<Node<'_>>, Unreadable> {
    let mut found = Vec::new();
    pass(text, &["a"], |part| {
        if let Passed::Unread(element) = part {
            found.push(element);
        }
    })?;
    let mut read = Elements::of(text);
    found.into_iter().map(|element| read.read(element)).collect()
}

#[test]
fn the_end_of_an_element_is_not_taken_for_what_only_looks_like_it() {
    for inner in [
        "<![CDATA[</a>]]>",
        "<!-- </a> -->",
        "<?x </a>?>",
        "<a>1</a>",
        "<ab>1</ab>",
        "<ab/></ab>",
        "<b></a></b>",
        "<b x='1'>y &gt; z</b >",
        "<b x='</a>'/>",
        "<b x=\"</a>'>\" y='\"'>z</b>",
        "<b x=\"</a>",
        "x</a ><a>y",
        "<p:a>1</p:a>",
        "",
    ] {
        let text = format!("<r><b/><a n='1'>{inner}</a>\n<a/><c><a>2</a></c></r>");
        assert_eq!(passed(&text).ok(), alerts(&text).ok(), "{text}");
    }
}

proptest! {
    #[test]
    fn elements_are_the_same_whether_they_are_passed_over_first(
        parts in prop::collection::vec(
            prop::sample::select(vec!["<a>", "</a>", "<a/>", "<ab>", "</ab>", "<b>", "</b>", "x", "&lt;", "<!--", "-->",
                "<![CDATA[", "]]>", "<?q", "?>", "</a >", "<p:a>", "<b x='</a>'>", "<b x=\"", "\">", "<a x='>'>", "</p:a>"]),
            0..14,
        )
    ) {
        let text = format!("<r>{}</r>", parts.concat());
        prop_assert_eq!(passed(&text).ok(), alerts(&text).ok());
    }
}
