//! Policy: Rego rules over a dossier.
