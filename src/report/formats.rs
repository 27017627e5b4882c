//! The formats: one file each below this folder, and its name in two places here.
//!
//! A file of this folder has a constant `FORMATS`, with several formats of one tool beside each other. What two files
//! share stands in one without.

mod bandit;
mod blackduck;
mod bundler_audit;
mod cargo_audit;
mod dependabot;
mod dependency_check;
mod dependency_check_json;
mod dependency_check_xml;
mod dependency_track;
mod fossa;
mod govulncheck;
mod mend;
mod nessus;
mod npm_advisory;
mod npm_audit;
mod ort;
mod osv_scanner;
mod pip_audit;
mod pip_licenses;
mod sarif;
mod scancode;
mod snyk;
mod snyk_issues;
mod sonatype;
mod trivy;
mod yarn_audit;
mod zap;
mod zap_json;
mod zap_xml;

use super::Format;

/// The formats of each file.
pub(super) static ALL: &[&[Format]] = &[
    bandit::FORMATS,
    blackduck::FORMATS,
    bundler_audit::FORMATS,
    cargo_audit::FORMATS,
    dependabot::FORMATS,
    dependency_check_json::FORMATS,
    dependency_check_xml::FORMATS,
    dependency_track::FORMATS,
    fossa::FORMATS,
    govulncheck::FORMATS,
    mend::FORMATS,
    nessus::FORMATS,
    npm_audit::FORMATS,
    ort::FORMATS,
    osv_scanner::FORMATS,
    pip_audit::FORMATS,
    pip_licenses::FORMATS,
    sarif::FORMATS,
    scancode::FORMATS,
    snyk::FORMATS,
    snyk_issues::FORMATS,
    sonatype::FORMATS,
    trivy::FORMATS,
    yarn_audit::FORMATS,
    zap_json::FORMATS,
    zap_xml::FORMATS,
];
