//! The formats: one file each below this folder, and its name in two places here.
//!
//! A file of this folder has a constant `FORMATS`, with several formats of one tool beside each other. What two files
//! share stands in one without.

mod acunetix;
mod appscan;
mod aws_codeguru;
mod bandit;
mod blackduck;
mod brakeman;
mod bundler_audit;
mod burp;
mod cargo_audit;
mod checkmarx;
mod checkmarx_one;
mod dependabot;
mod dependency_check;
mod dependency_check_json;
mod dependency_check_xml;
mod dependency_track;
mod dockerlint;
mod eslint;
mod flawfinder;
mod fortify;
mod fossa;
mod github_code_scanning;
mod gitlab;
mod gosec;
mod govulncheck;
mod hadolint;
mod mend;
mod nessus;
mod nessus_csv;
mod netsparker;
mod nexpose;
mod nikto;
mod npm_advisory;
mod npm_audit;
mod nuclei;
mod openvas;
mod ort;
mod osv_scanner;
mod pip_audit;
mod pip_licenses;
mod qualys;
mod sarif;
mod scancode;
mod semgrep;
mod snyk;
mod snyk_issues;
mod sonarqube;
mod sonatype;
mod spotbugs;
mod trivy;
mod veracode;
mod webinspect;
mod yarn_audit;
mod zap;
mod zap_json;
mod zap_xml;

use super::Format;

/// The formats of each file.
pub(super) static ALL: &[&[Format]] = &[
    acunetix::FORMATS,
    appscan::FORMATS,
    aws_codeguru::FORMATS,
    bandit::FORMATS,
    blackduck::FORMATS,
    brakeman::FORMATS,
    bundler_audit::FORMATS,
    burp::FORMATS,
    cargo_audit::FORMATS,
    checkmarx::FORMATS,
    checkmarx_one::FORMATS,
    dependabot::FORMATS,
    dependency_check_json::FORMATS,
    dependency_check_xml::FORMATS,
    dependency_track::FORMATS,
    dockerlint::FORMATS,
    eslint::FORMATS,
    flawfinder::FORMATS,
    fortify::FORMATS,
    fossa::FORMATS,
    github_code_scanning::FORMATS,
    gitlab::FORMATS,
    gosec::FORMATS,
    govulncheck::FORMATS,
    hadolint::FORMATS,
    mend::FORMATS,
    nessus::FORMATS,
    nessus_csv::FORMATS,
    netsparker::FORMATS,
    nexpose::FORMATS,
    nikto::FORMATS,
    npm_audit::FORMATS,
    nuclei::FORMATS,
    openvas::FORMATS,
    ort::FORMATS,
    osv_scanner::FORMATS,
    pip_audit::FORMATS,
    pip_licenses::FORMATS,
    qualys::FORMATS,
    sarif::FORMATS,
    scancode::FORMATS,
    semgrep::FORMATS,
    snyk::FORMATS,
    snyk_issues::FORMATS,
    sonarqube::FORMATS,
    sonatype::FORMATS,
    spotbugs::FORMATS,
    trivy::FORMATS,
    veracode::FORMATS,
    webinspect::FORMATS,
    yarn_audit::FORMATS,
    zap_json::FORMATS,
    zap_xml::FORMATS,
];
