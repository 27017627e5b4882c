//! Merging findings: inside a report, and across tools.
