//! Bytes to text: byte order marks, UTF-16, gzip and zip, with bounds.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{Cursor, Read as _};

use super::Unreadable;

/// The most that a compressed report may unpack to.
const MAX_UNPACKED: u64 = 512 * 1024 * 1024;
/// The most that it may unpack to for each byte of it; JSON of scanners packs twenty- to forty-fold.
const MAX_RATIO: u64 = 200;
/// What a small file may unpack to whatever the ratio.
const RATIO_FLOOR: u64 = 1024 * 1024;

/// The most files that are unpacked from an archive. It may have more: a project of Fortify has the source code in it.
const MOST_MEMBERS: usize = 1000;

/// How far zero bytes are looked for, which no text has.
const BINARY: usize = 8192;

/// A file in an archive.
#[derive(Debug, Clone)]
pub(super) struct Member {
    /// Its path in the archive.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl Member {
    /// The text in it.
    pub(super) fn text(&self) -> Result<Cow<'_, str>, Unreadable> {
        text(&self.bytes).map_err(|e| Unreadable(format!("{}: {}", crate::text::line(&self.name), e.0)))
    }
}

/// A zip archive, of which only what is asked for is unpacked.
pub(super) struct Archive<'b> {
    bytes: &'b [u8],
    /// The files in it, with their places.
    files: Vec<(usize, String)>,
    /// How much may still be unpacked. The bound holds for all files together: a bomb may be made of many.
    left: Cell<u64>,
}

impl<'b> Archive<'b> {
    /// The archive; `None` if it is none.
    pub(super) fn open(bytes: &'b [u8]) -> Result<Option<Self>, Unreadable> {
        if !is_zip(bytes) {
            return Ok(None);
        }
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged(&e))?;
        let mut files = Vec::new();
        for index in 0..zip.len() {
            let file = zip.by_index_raw(index).map_err(|e| damaged(&e))?;
            if file.is_file() {
                files.push((index, file.name().map_err(|e| damaged(&e))?.into_owned()));
            }
        }
        let left = Cell::new(most_of(bytes));
        Ok(Some(Self { bytes, files, left }))
    }

    /// The names of the files in it.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|(_, name)| name.as_str())
    }

    /// Those of the files in it that are wanted, in their order.
    pub(super) fn members(&self, wanted: impl Fn(&str) -> bool) -> Result<Vec<Member>, Unreadable> {
        let files: Vec<_> = self.files.iter().filter(|(_, name)| wanted(name)).collect();
        if files.len() > MOST_MEMBERS {
            return Err(Unreadable(format!(
                "The zip archive has {} files; at most {MOST_MEMBERS} are read.",
                files.len()
            )));
        }
        let mut zip = zip::ZipArchive::new(Cursor::new(self.bytes)).map_err(|e| damaged(&e))?;
        let mut members = Vec::new();
        for (index, name) in files {
            let file = zip.by_index(*index).map_err(|e| damaged(&e))?;
            let mut bytes = Vec::new();
            file.take(self.left.get().saturating_add(1)).read_to_end(&mut bytes).map_err(|e| damaged(&e))?;
            let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            let left = self.left.get().checked_sub(size).ok_or_else(|| {
                Unreadable(format!(
                    "The zip archive unpacks to more than any report of {} packed bytes does; unpack it by hand and look at it.",
                    self.bytes.len()
                ))
            })?;
            self.left.set(left);
            members.push(Member { name: name.clone(), bytes });
        }
        Ok(members)
    }

    /// The file that is wanted, if there is one; of several the outermost: an archive of sources may have more.
    pub(super) fn member(&self, wanted: impl Fn(&str) -> bool) -> Result<Option<Member>, Unreadable> {
        let first = self.names().filter(|name| wanted(name)).min_by_key(|name| name.matches('/').count());
        let Some(first) = first else { return Ok(None) };
        Ok(self.members(|name| name == first)?.into_iter().next())
    }
}

/// The most that packed bytes may unpack to.
fn most_of(packed: &[u8]) -> u64 {
    let packed = u64::try_from(packed.len()).unwrap_or(u64::MAX);
    MAX_UNPACKED.min(packed.saturating_mul(MAX_RATIO).max(RATIO_FLOOR))
}

fn damaged(why: &dyn std::fmt::Display) -> Unreadable {
    Unreadable(format!("The zip archive is damaged: {why}."))
}

/// Whether it begins as a zip archive does, an empty one included.
fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// The text of a report. UTF-8 is borrowed; a byte order mark is taken off.
pub(super) fn text(bytes: &[u8]) -> Result<Cow<'_, str>, Unreadable> {
    if let Some(archive) = Archive::open(bytes)? {
        return match archive.files.as_slice() {
            [] => Err(Unreadable("The archive is empty.".to_owned())),
            // An archive of one file is that file.
            [_] => match archive.members(|_| true)?.as_slice() {
                [one] if !is_zip(&one.bytes) => text(&one.bytes).map(|t| Cow::Owned(t.into_owned())),
                _ => Err(Unreadable("This is an archive in an archive.".to_owned())),
            },
            several => Err(Unreadable(format!(
                "This is an archive of {} files, where one report was expected.",
                several.len()
            ))),
        };
    }
    let text = if bytes.starts_with(&[0x1f, 0x8b]) {
        let inner = unpacked(bytes, MAX_UNPACKED, MAX_RATIO)?;
        if inner.starts_with(&[0x1f, 0x8b]) {
            return Err(Unreadable("This is gzip data in gzip data; unpack it once.".to_owned()));
        }
        Cow::Owned(plain(&inner)?.into_owned())
    } else {
        plain(bytes)?
    };
    if text.trim().is_empty() {
        return Err(Unreadable("The file is empty.".to_owned()));
    }
    // What a crash leaves of a file that was being written.
    if text.bytes().all(|b| b == 0) {
        return Err(Unreadable(format!("The file is {} NUL bytes and nothing else.", text.len())));
    }
    Ok(text)
}

fn unpacked(bytes: &[u8], most: u64, ratio: u64) -> Result<Vec<u8>, Unreadable> {
    let packed = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let limit = most.min(packed.saturating_mul(ratio).max(RATIO_FLOOR));
    let mut out = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes)
        .take(limit.saturating_add(1))
        .read_to_end(&mut out)
        .map_err(|e| Unreadable(format!("The gzip data is damaged: {e}.")))?;
    if u64::try_from(out.len()).unwrap_or(u64::MAX) > limit {
        return Err(Unreadable(format!(
            "The gzip data unpacks to more than {limit} bytes, which no report of {packed} packed bytes does; unpack it by hand and look at it."
        )));
    }
    Ok(out)
}

fn plain(bytes: &[u8]) -> Result<Cow<'_, str>, Unreadable> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => {
            Err(Unreadable("It is UTF-32 text, which is not read; write it as UTF-8.".to_owned()))
        }
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        // Both formats begin with an ASCII character, so a zero tells UTF-16 without a mark.
        [first, 0, ..] if *first != 0 => utf16(bytes, u16::from_le_bytes),
        [0, second, ..] if *second != 0 => utf16(bytes, u16::from_be_bytes),
        _ => utf8(bytes),
    }
}

/// XML says itself how it is written. Logs and tables quote what a program printed or a file held, which may be anything:
/// they are read with a mark in place of what is no text.
fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, Unreadable> {
    let start = bytes.trim_ascii_start();
    std::str::from_utf8(bytes).map(Cow::Borrowed).or_else(|e| {
        match start.first() {
            Some(b'<') if is_western(start) => return Ok(Cow::Owned(western(bytes))),
            Some(b'<' | b'{' | b'[' | b'"') | None => {}
            Some(_) if bytes.iter().take(BINARY).any(|b| *b == 0) => {}
            Some(_) => return Ok(String::from_utf8_lossy(bytes)),
        }
        let before = bytes.get(..e.valid_up_to()).unwrap_or_default();
        let line = before.split(|b| *b == b'\n').count();
        Err(Unreadable(format!("It is not UTF-8 or UTF-16 text: byte {} (line {line}).", e.valid_up_to())))
    })
}

/// Whether the declaration of an XML document says that it is written in the character set of western Europe.
fn is_western(xml: &[u8]) -> bool {
    const NAMES: [&str; 5] = ["iso-8859-1", "latin1", "windows-1252", "cp1252", "us-ascii"];
    let declaration = xml.strip_prefix(b"<?xml").and_then(|rest| rest.split(|b| *b == b'>').next());
    let declaration = String::from_utf8_lossy(declaration.unwrap_or_default()).to_ascii_lowercase();
    let encoding = declaration.split_once("encoding").map(|(_, rest)| rest.trim_start_matches([' ', '=']));
    let encoding = encoding.map(|e| e.trim_start_matches(['"', '\'']).split(['"', '\'']).next().unwrap_or_default());
    encoding.is_some_and(|e| NAMES.contains(&e))
}

/// Text in windows-1252, which ISO 8859-1 is a part of.
fn western(bytes: &[u8]) -> String {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    let high = |b: u8| b.checked_sub(0x80).and_then(|at| HIGH.get(usize::from(at))).copied();
    bytes.iter().map(|b| high(*b).unwrap_or(char::from(*b))).collect()
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'static, str>, Unreadable> {
    let units = bytes.chunks_exact(2).map(|pair| match pair {
        [a, b] => unit([*a, *b]),
        _ => 0,
    });
    let text: Result<String, _> = char::decode_utf16(units).collect();
    match text {
        Ok(text) if bytes.len().is_multiple_of(2) => Ok(Cow::Owned(text)),
        _ => Err(Unreadable("It looks like UTF-16 and is not valid.".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn marks_and_wide_encodings_are_read() {
        let wide = |f: fn(u16) -> [u8; 2]| "{\"é\":1}".encode_utf16().flat_map(f).collect::<Vec<u8>>();
        let (le, be) = (wide(u16::to_le_bytes), wide(u16::to_be_bytes));
        for bytes in [
            "{\"é\":1}".as_bytes().to_vec(),
            [&[0xef, 0xbb, 0xbf], "{\"é\":1}".as_bytes()].concat(),
            [&[0xff, 0xfe], le.as_slice()].concat(),
            [&[0xfe, 0xff], be.as_slice()].concat(),
            le,
            be,
            packed("{\"é\":1}".as_bytes()),
        ] {
            assert_eq!(text(&bytes).unwrap(), "{\"é\":1}");
        }
    }

    #[test]
    fn what_is_no_text_says_where() {
        assert!(text(b"{\n\"a\": \"\xff\"}").unwrap_err().0.contains("byte 8 (line 2)"));
        assert!(text(&[0xff, 0xfe, 0x00]).unwrap_err().0.contains("UTF-16"));
        assert!(text(b" \n").unwrap_err().0.contains("empty"));
        assert!(text(b"").unwrap_err().0.contains("empty"));
        assert!(text(&[0; 700]).unwrap_err().0.contains("700 NUL bytes"));
        assert!(text(b"\xff\xfe\0\0{\0\0\0").unwrap_err().0.contains("UTF-32"));
        assert!(text(b"\0\0\xfe\xff\0\0\0{").unwrap_err().0.contains("UTF-32"));
        assert!(text(&packed(&packed(b"[]"))).unwrap_err().0.contains("gzip data in gzip data"));
    }

    #[test]
    fn other_bytes_are_read_where_the_document_allows_for_them() {
        for name in ["ISO-8859-1", "windows-1252", "Latin1"] {
            let xml =
                [format!("<?xml version=\"1.0\" encoding=\"{name}\"?><a>").as_bytes(), b"\xfcber \x80</a>"].concat();
            assert!(text(&xml).unwrap().ends_with("<a>über €</a>"), "{name}");
        }
        assert!(text(b"<?xml version='1.0'?><a>\xfc</a>").is_err(), "XML that says nothing is UTF-8");
        assert!(text(b"<?xml version='1.0' encoding='koi8-r'?><a>\xfc</a>").is_err());
        assert_eq!(text(b"file,title\na,\xfcber\n").unwrap(), "file,title\na,\u{fffd}ber\n");
        assert_eq!(text(b"==1==ERROR: \xff\n").unwrap(), "==1==ERROR: \u{fffd}\n");
        assert!(text(b"[\"\xff\"]").is_err() && text(b"\x7fELF\x02\x01\x01\0\0\xff").is_err());
    }

    #[test]
    fn bombs_and_damage_are_refused() {
        let bomb = packed(&vec![b' '; 4 * 1024 * 1024]);
        assert!(text(&bomb).unwrap_err().0.contains("unpacks to more than"));
        let mut torn = packed(b"{\"runs\":[]}");
        torn.truncate(torn.len() - 9);
        assert!(text(&torn).unwrap_err().0.contains("damaged"));
    }
}
