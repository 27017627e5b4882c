//! Statements, envelopes, signatures: who decided what, provable offline.
