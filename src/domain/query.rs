//! The query language over findings and gates: `sev>=high tool:zap !dismissed new text`.
