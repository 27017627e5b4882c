//! Canonical JSON in one pass: written as it comes, and the members of an object put in order where it ends.
//!
//! Only of plain documents, where the order by bytes is that of RFC 8785 and numbers are written alike: keys in ASCII
//! without escapes, no fractions, nothing large. Of others this says that it cannot.

use std::cell::RefCell;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter};

/// The first whole number that a double does not hold for certain.
const LARGE: u64 = 1 << 53;

/// What is written so far. The serializer and the formatter both write to it.
#[derive(Default)]
struct Page {
    out: Vec<u8>,
    /// The members of the objects that are not at their end, the innermost last.
    members: Vec<Member>,
    /// How many of them there were when each of these objects began.
    open: Vec<usize>,
    in_key: bool,
    odd: bool,
    /// Room for putting members in order.
    spare: Vec<u8>,
}

/// Where a member of an object stands.
#[derive(Clone, Copy, Default)]
struct Member {
    start: usize,
    key_end: usize,
    end: usize,
}

/// Writes a value; `None` if it is not plain.
pub(super) fn write(value: &impl Serialize) -> Option<Result<Vec<u8>, serde_json::Error>> {
    let page = RefCell::new(Page { out: Vec::with_capacity(2048), ..Page::default() });
    let mut serializer = serde_json::Serializer::with_formatter(Pen(&page), Pen(&page));
    let written = value.serialize(&mut serializer);
    let page = page.into_inner();
    if page.odd { None } else { Some(written.map(|()| page.out)) }
}

/// A hand on the page.
struct Pen<'a>(&'a RefCell<Page>);

impl Write for Pen<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.borrow_mut().out.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Pen<'_> {
    fn number(&self, plain: bool, text: &dyn std::fmt::Display) -> io::Result<()> {
        let mut page = self.0.borrow_mut();
        page.odd |= !plain;
        write!(page.out, "{text}")
    }
}

impl Page {
    fn text(&self, from: usize, to: usize) -> &[u8] {
        self.out.get(from..to).unwrap_or_default()
    }

    /// Puts the members of the object that ends here in order.
    fn end_object(&mut self) {
        let first = self.open.pop().unwrap_or_default();
        let mut members = std::mem::take(&mut self.members);
        let of_this = members.get_mut(first..).unwrap_or_default();
        let key = |member: &Member| self.text(member.start, member.key_end);
        if !of_this.is_sorted_by(|a, b| key(a) < key(b)) {
            let start = of_this.first().map_or(self.out.len(), |member| member.start);
            of_this.sort_by(|a, b| key(a).cmp(key(b)));
            // A key given twice is for the canonicaliser to judge.
            let unique = of_this.is_sorted_by(|a, b| key(a) < key(b));
            self.odd |= !unique;
            let mut spare = std::mem::take(&mut self.spare);
            spare.clear();
            for member in of_this.iter() {
                if !spare.is_empty() {
                    spare.push(b',');
                }
                spare.extend_from_slice(self.text(member.start, member.end));
            }
            self.out.truncate(start);
            self.out.extend_from_slice(&spare);
            self.spare = spare;
        }
        members.truncate(first);
        self.members = members;
        self.out.push(b'}');
    }
}

impl Formatter for Pen<'_> {
    fn write_i64<W: ?Sized + Write>(&mut self, _: &mut W, value: i64) -> io::Result<()> {
        self.number(value.unsigned_abs() < LARGE, &value)
    }

    fn write_u64<W: ?Sized + Write>(&mut self, _: &mut W, value: u64) -> io::Result<()> {
        self.number(value < LARGE, &value)
    }

    fn write_i128<W: ?Sized + Write>(&mut self, _: &mut W, value: i128) -> io::Result<()> {
        self.number(false, &value)
    }

    fn write_u128<W: ?Sized + Write>(&mut self, _: &mut W, value: u128) -> io::Result<()> {
        self.number(false, &value)
    }

    fn write_f32<W: ?Sized + Write>(&mut self, _: &mut W, value: f32) -> io::Result<()> {
        self.number(false, &value)
    }

    fn write_f64<W: ?Sized + Write>(&mut self, _: &mut W, value: f64) -> io::Result<()> {
        self.number(false, &value)
    }

    fn write_number_str<W: ?Sized + Write>(&mut self, _: &mut W, value: &str) -> io::Result<()> {
        self.number(false, &value)
    }

    fn write_raw_fragment<W: ?Sized + Write>(&mut self, _: &mut W, fragment: &str) -> io::Result<()> {
        self.number(false, &fragment)
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        {
            let mut page = self.0.borrow_mut();
            page.odd |= page.in_key;
        }
        serde_json::ser::CompactFormatter.write_char_escape(writer, escape)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        let mut page = self.0.borrow_mut();
        let members = page.members.len();
        page.open.push(members);
        page.out.push(b'{');
        Ok(())
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, _: &mut W, first: bool) -> io::Result<()> {
        let mut page = self.0.borrow_mut();
        if !first {
            page.out.push(b',');
        }
        let start = page.out.len();
        page.members.push(Member { start, ..Member::default() });
        page.in_key = true;
        Ok(())
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        let mut page = self.0.borrow_mut();
        // Without the closing quote, which is not the least of characters.
        let end = page.out.len().saturating_sub(1);
        page.in_key = false;
        let Some(member) = page.members.last_mut() else { return Ok(()) };
        member.key_end = end;
        let start = member.start;
        page.odd |= !page.text(start, end).is_ascii();
        Ok(())
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        let mut page = self.0.borrow_mut();
        let end = page.out.len();
        if let Some(member) = page.members.last_mut() {
            member.end = end;
        }
        Ok(())
    }

    fn end_object<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.0.borrow_mut().end_object();
        Ok(())
    }
}
