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
    anchore,
    anchore_policy,
    aqua,
    aws_ecr,
    aws_inspector,
    aws_inspector2,
    bandit,
    clair,
    docker_bench,
    dockle,
    grype,
    harbor,
    jfrog_xray,
    neuvector,
    roxctl_check,
    roxctl_scan,
    sarif,
    sysdig,
    trivy,
    trivy_compliance,
    trivy_operator,
    twistlock,
    wiz,
    wiz_cli,
    yocto,
    zap_json,
    zap_xml,
}

mod aws;
mod image;
mod jfrog;
mod zap;
