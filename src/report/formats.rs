//! The formats: one file each below this folder, and one line here.
//!
//! A file of this folder has a constant `FORMATS`, or several formats of one tool beside each other. Whatever two of them
//! share stands in a file of the tool's name.

use super::Format;

/// Declares the files, and lists their formats in this order.
macro_rules! formats {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*

        /// The formats of each file.
        pub(super) static ALL: &[&[Format]] = &[$($name::FORMATS),*];
    };
}

formats! {
    bandit,
    betterleaks,
    checkstyle,
    detect_secrets,
    ggshield,
    github_secret_scanning,
    gitleaks,
    kingfisher,
    noseyparker,
    sarif,
    trivy,
    trufflehog,
    zap_json,
    zap_xml,
}

mod leak;
mod zap;
