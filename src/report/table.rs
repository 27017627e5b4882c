//! Tables: lines of cells with a header, whatever stands between the cells.

use std::collections::HashMap;

use super::Unreadable;

/// What may stand between cells, the likeliest first.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// The most columns that are read.
const MOST_COLUMNS: usize = 1024;

/// The cells of the first line, if there are several.
pub(super) fn header(text: &str) -> Option<Vec<String>> {
    let first = text.lines().find(|l| !l.trim().is_empty())?;
    let separator = separator_of(first)?;
    let mut reader = reader(first, separator);
    let cells = reader.records().next()?.ok()?;
    Some(cells.iter().map(|c| c.trim().to_owned()).take(MOST_COLUMNS).collect())
}

/// The most rows that are held: a row of four bytes takes a hundred and fifty.
const MOST_ROWS: usize = 1 << 23;

/// A table as read.
#[derive(Debug, Default)]
pub(super) struct Table {
    columns: HashMap<String, usize>,
    /// The rows; blank lines are left out.
    pub rows: Vec<csv::StringRecord>,
}

/// Reads the table that begins in the first line of `text` with something in it. A row may be longer or shorter than the header.
/// What is cut off is an error, as far as it shows: the last line has no end, and lacks cells or the end of a quoted one.
pub(super) fn read(text: &str) -> Result<Table, Unreadable> {
    let first = text.lines().find(|l| !l.trim().is_empty()).unwrap_or_default();
    let mut reader = reader(text, separator_of(first).unwrap_or(b','));
    let mut table = Table::default();
    let mut records = reader.records();
    let Some(header) = records.next() else { return Ok(table) };
    let header = header.map_err(|e| unreadable(&e))?;
    for (index, cell) in header.iter().enumerate().take(MOST_COLUMNS) {
        // Of two columns of one name the first counts.
        table.columns.entry(cell.trim().to_lowercase()).or_insert(index);
    }
    for record in records {
        let record = record.map_err(|e| unreadable(&e))?;
        if record.iter().any(|c| !c.trim().is_empty()) {
            if table.rows.len() >= MOST_ROWS {
                return Err(Unreadable(format!(
                    "The table has more than {MOST_ROWS} rows, which is more than is read; divide it."
                )));
            }
            table.rows.push(record);
        }
    }
    match table.rows.last() {
        // A single cell may be what a tool says at the end.
        Some(last)
            if !text.ends_with(['\n', '\r']) && last.len() > 1 && (last.len() < header.len() || open_quote(text)) =>
        {
            let line = last.position().map_or(0, csv::Position::line);
            Err(Unreadable(format!(
                "The table is cut off: what begins in line {line} has {} of {} cells, and no end.",
                last.len(),
                header.len()
            )))
        }
        _ => Ok(table),
    }
}

/// Whether a text ends within quotes.
fn open_quote(text: &str) -> bool {
    text.bytes().filter(|b| *b == b'"').count() % 2 == 1
}

impl Table {
    /// The rows, with their cells by the name of the column.
    pub(super) fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|cells| Row { table: self, cells })
    }

    /// Whether there is such a column; case does not matter.
    pub(super) fn has(&self, column: &str) -> bool {
        self.columns.contains_key(&column.to_lowercase())
    }
}

/// One row of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'t> {
    table: &'t Table,
    cells: &'t csv::StringRecord,
}

impl<'t> Row<'t> {
    /// The cell in a column, trimmed; `None` if it is blank or there is no such column. Case does not matter.
    pub(super) fn get(&self, column: &str) -> Option<&'t str> {
        let index = *self.table.columns.get(&column.to_lowercase())?;
        self.cells.get(index).map(str::trim).filter(|c| !c.is_empty())
    }

    /// As [`get`](Self::get), or nothing.
    pub(super) fn or_empty(&self, column: &str) -> &'t str {
        self.get(column).unwrap_or_default()
    }

    /// The first of several columns that has something in it.
    pub(super) fn first(&self, columns: &[&str]) -> Option<&'t str> {
        columns.iter().find_map(|c| self.get(c))
    }

    /// A whole number that is not negative.
    pub(super) fn number(&self, column: &str) -> Option<u32> {
        self.get(column)?.parse().ok()
    }

    /// A number.
    pub(super) fn score(&self, column: &str) -> Option<f64> {
        self.get(column)?.parse().ok().filter(|n: &f64| n.is_finite())
    }
}

fn reader(text: &str, separator: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(text.as_bytes())
}

/// What stands between the cells of a line; `None` if it is one cell.
fn separator_of(line: &str) -> Option<u8> {
    // Inside quotes separators are text.
    let bare: String = line.split('"').step_by(2).collect();
    let count = |s: u8| bare.matches(char::from(s)).count();
    SEPARATORS.into_iter().rev().max_by_key(|s| count(*s)).filter(|s| count(*s) > 0)
}

fn unreadable(error: &csv::Error) -> Unreadable {
    let line = error.position().map_or(0, csv::Position::line);
    Unreadable(format!("The table cannot be read at line {line}: {error}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_found_by_column_whatever_separates_them() {
        for text in [
            "a,\"B, b\",c\n1,\"x,\ny\",3\n\n4\n",
            "a;\"B, b\";c\n1;\"x,\ny\";3\n4",
            "a,\"B, b\",c\n1,\"x,\ny\",3\n4,\n",
            "\na\t\"B, b\"\tc\n1\t\"x,\ny\"\t3\n4\n",
        ] {
            assert_eq!(header(text).unwrap(), ["a", "B, b", "c"]);
            let table = read(text).unwrap();
            let rows: Vec<_> = table.iter().collect();
            assert_eq!(rows.len(), 2, "{text:?}");
            assert_eq!((rows[0].get("b, B"), rows[0].number("C"), rows[1].get("c")), (Some("x,\ny"), Some(3), None));
            assert_eq!(rows[1].first(&["c", "none", "a"]), Some("4"));
            assert!(table.has("A") && !table.has("z"));
        }
        for torn in ["a,b,c\n1,2,3\n4,5", "a,b,c\n1,2,3\n4,\"5,6\n7", "a,b,c\n1,2,3\n4,5,\"6"] {
            let why = read(torn).unwrap_err().0;
            assert!(why.contains("cut off") && why.contains("line 3"), "{torn:?}: {why}");
        }
        assert_eq!(read("a,b\n1,\"2\"").unwrap().rows.len(), 1);
        assert_eq!(header("one line of words\n"), None);
        assert!(read("").unwrap().rows.is_empty());
    }
}
