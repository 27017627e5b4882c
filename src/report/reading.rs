//! What most readers do in the same way: counting items, collecting findings, saying what was not looked at.

use super::draft::Draft;
use super::{Input, Parsed, Unreadable};
use crate::domain::finding::Class;

/// A report on the way from a document to findings.
pub(super) struct Reading<'a> {
    input: &'a Input<'a>,
    parsed: Parsed,
}

impl<'a> Reading<'a> {
    /// Of a report that a tool wrote, which assesses these classes also where it finds nothing.
    pub(super) fn new(input: &'a Input<'a>, tool: &str, classes: &[Class]) -> Self {
        let parsed = Parsed { tool: tool.to_owned(), classes: classes.to_vec(), ..Parsed::default() };
        Self { input, parsed }
    }

    /// Says the tool's version, if the report does. To be called before the first finding.
    pub(super) fn version(&mut self, version: Option<&str>) {
        self.parsed.tool_version = version.map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned);
    }

    /// Takes another name for the tool. To be called before the first finding.
    pub(super) fn tool(&mut self, name: Option<&str>) {
        if let Some(name) = name {
            name.clone_into(&mut self.parsed.tool);
        }
    }

    /// Says that a class was assessed.
    pub(super) fn assessed(&mut self, class: Class) {
        self.parsed.classes.push(class);
    }

    /// Takes an item that is a finding.
    pub(super) fn add(&mut self, draft: Draft) {
        self.passed(1);
        self.more(draft);
    }

    /// Takes a finding that is no item of its own: the second of one item.
    pub(super) fn more(&mut self, draft: Draft) {
        let finding = draft.finish(self.input, &self.parsed.tool, self.parsed.tool_version.as_deref());
        self.parsed.findings.push(finding);
    }

    /// Counts items that are no findings: checks that passed.
    pub(super) fn passed(&mut self, items: usize) {
        let items = u32::try_from(items).unwrap_or(u32::MAX);
        self.parsed.raw_items = self.parsed.raw_items.saturating_add(items);
    }

    /// Says that the tool assessed nothing, and why: then the report is evidence of nothing.
    pub(super) fn not_assessed(&mut self, why: impl Into<String>) {
        self.parsed.not_assessed.get_or_insert(why.into());
    }

    /// Says what the tool could not look at.
    pub(super) fn remark(&mut self, what: impl Into<String>) {
        self.parsed.remark.get_or_insert(what.into());
    }

    /// How many items there were until now.
    pub(super) fn items(&self) -> u32 {
        self.parsed.raw_items
    }

    /// What was read.
    pub(super) fn done(self) -> Result<Parsed, Unreadable> {
        Ok(self.parsed)
    }
}
