//! What a report counts, and what it lists of that: a list that is missing is not a clean one.

use crate::report::prelude::*;

/// The sum of the numbers in an object, a total beside them left out.
pub(super) fn sum(counts: &Node<'_>) -> u32 {
    let parts = counts.entries().iter().filter(|(key, _)| !key.eq_ignore_ascii_case("total"));
    let parts = parts.filter_map(|(_, n)| n.number()).fold(0_u32, u32::saturating_add);
    parts.max(counts.get("total").number().unwrap_or(0))
}

/// Where more than nothing is counted and nothing is listed, the report is evidence of nothing. `before` is how many items
/// there were before this list.
pub(super) fn compare(reading: &mut Reading<'_>, tool: &str, before: u32, counted: u32, what: &str) {
    if counted > 0 && reading.items() == before {
        reading.not_assessed(format!("{tool} counts {counted} {what}, and the report lists none of them."));
    }
}

/// The answer of an API that comes in pages: one that is not the last is only a part.
pub(super) fn paged(reading: &mut Reading<'_>, tool: &str, next: &Node<'_>) {
    if next.text().is_none() {
        return;
    }
    if reading.items() == 0 {
        reading.not_assessed(format!("{tool} gives an empty page, and says that others follow."));
    }
    reading.remark(format!("{tool} says that more pages follow: the report is a part of the list."));
}

/// The answer of an API that says how long the whole list is.
pub(super) fn whole(reading: &mut Reading<'_>, tool: &str, total: &Node<'_>, listed: usize) {
    let Some(total) = total.number().filter(|n| usize::try_from(*n).is_ok_and(|n| n > listed)) else { return };
    if listed == 0 {
        reading.not_assessed(format!("{tool} counts {total} results, and the report lists none of them."));
    }
    reading.remark(format!("{tool} counts {total} results, and the report lists {listed}: it is a part of the list."));
}
