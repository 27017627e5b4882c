//! The formats: one file each below this folder, and its name in two places here.
//!
//! A file of this folder has a constant `FORMATS`, with several formats of one tool beside each other. What two files
//! share stands in one without.

mod acunetix;
mod anchore;
mod anchore_policy;
mod appscan;
mod aqua;
mod asff;
mod aws;
mod aws_codeguru;
mod aws_ecr;
mod aws_inspector;
mod aws_inspector2;
mod bandit;
mod betterleaks;
mod blackduck;
mod blackduck_binary;
mod brakeman;
mod bundler_audit;
mod burp;
mod cargo_audit;
mod cfn_lint;
mod cfn_nag;
mod checkmarx;
mod checkmarx_one;
mod checkov;
mod checkov_csv;
mod checkov_junit;
mod checkstyle;
mod clair;
mod cloud_conformity;
mod cloudsploit;
mod codacy;
mod code_quality;
mod compliance_operator;
mod counts;
mod cppcheck;
mod crash_log;
mod csaf;
mod cvrf;
mod cyclonedx;
mod defectdojo;
mod dependabot;
mod dependency_check;
mod dependency_check_csv;
mod dependency_check_json;
mod dependency_check_junit;
mod dependency_check_xml;
mod dependency_snapshot;
mod dependency_track;
mod detect_secrets;
mod docker_bench;
mod dockerfile_lint;
mod dockerlint;
mod dockle;
mod dotnet_tests;
mod error_answer;
mod eslint;
mod flawfinder;
mod fortify;
mod fossa;
mod ggshield;
mod gitguardian;
mod github_code_scanning;
mod github_secret_scanning;
mod gitlab;
mod gitleaks;
mod gosec;
mod govulncheck;
mod grype;
mod hadolint;
mod harbor;
mod image;
mod jest;
mod jfrog;
mod jfrog_audit;
mod jfrog_xray;
mod junit;
mod kics;
mod kingfisher;
mod kube_bench;
mod kube_linter;
mod kubeaudit;
mod kubernetes;
mod kubescape;
mod kubescape_v1;
mod leak;
mod lint_junit;
mod mend;
mod nessus;
mod nessus_csv;
mod netsparker;
mod neuvector;
mod nexpose;
mod nikto;
mod njsscan;
mod noseyparker;
mod npm_advisory;
mod npm_audit;
mod nuclei;
mod openreports;
mod openscap;
mod openvas;
mod openvex;
mod ort;
mod osv_scanner;
mod pip_audit;
mod pip_licenses;
mod prowler;
mod qualys;
mod retire;
mod roxctl_check;
mod roxctl_scan;
mod ruff;
mod runner_json;
mod sarif;
mod sbom;
mod scancode;
mod semgrep;
mod shellcheck;
mod snyk;
mod snyk_issues;
mod sonarqube;
mod sonatype;
mod spdx;
mod spotbugs;
mod suites;
mod sysdig;
mod tenable_export;
mod terrascan;
mod test_results;
mod tfsec;
mod trivy;
mod trivy_compliance;
mod trivy_operator;
mod trufflehog;
mod twistlock;
mod veracode;
mod wapiti;
mod webinspect;
mod wiz;
mod wiz_cli;
mod yarn_audit;
mod yocto;
mod zap;
mod zap_html;
mod zap_json;
mod zap_xml;

use super::Format;

/// The formats of each file.
pub(super) static ALL: &[&[Format]] = &[
    acunetix::FORMATS,
    anchore::FORMATS,
    anchore_policy::FORMATS,
    appscan::FORMATS,
    aqua::FORMATS,
    asff::FORMATS,
    aws_codeguru::FORMATS,
    aws_ecr::FORMATS,
    aws_inspector::FORMATS,
    aws_inspector2::FORMATS,
    bandit::FORMATS,
    betterleaks::FORMATS,
    blackduck::FORMATS,
    blackduck_binary::FORMATS,
    brakeman::FORMATS,
    bundler_audit::FORMATS,
    burp::FORMATS,
    cargo_audit::FORMATS,
    cfn_lint::FORMATS,
    cfn_nag::FORMATS,
    checkmarx::FORMATS,
    checkmarx_one::FORMATS,
    checkov::FORMATS,
    checkov_csv::FORMATS,
    checkov_junit::FORMATS,
    checkstyle::FORMATS,
    clair::FORMATS,
    cloud_conformity::FORMATS,
    cloudsploit::FORMATS,
    codacy::FORMATS,
    code_quality::FORMATS,
    compliance_operator::FORMATS,
    cppcheck::FORMATS,
    crash_log::FORMATS,
    csaf::FORMATS,
    cvrf::FORMATS,
    cyclonedx::FORMATS,
    defectdojo::FORMATS,
    dependabot::FORMATS,
    dependency_check_csv::FORMATS,
    dependency_check_json::FORMATS,
    dependency_check_junit::FORMATS,
    dependency_check_xml::FORMATS,
    dependency_snapshot::FORMATS,
    dependency_track::FORMATS,
    detect_secrets::FORMATS,
    docker_bench::FORMATS,
    dockerfile_lint::FORMATS,
    dockerlint::FORMATS,
    dockle::FORMATS,
    dotnet_tests::FORMATS,
    error_answer::FORMATS,
    eslint::FORMATS,
    flawfinder::FORMATS,
    fortify::FORMATS,
    fossa::FORMATS,
    ggshield::FORMATS,
    gitguardian::FORMATS,
    github_code_scanning::FORMATS,
    github_secret_scanning::FORMATS,
    gitlab::FORMATS,
    gitleaks::FORMATS,
    gosec::FORMATS,
    govulncheck::FORMATS,
    grype::FORMATS,
    hadolint::FORMATS,
    harbor::FORMATS,
    jest::FORMATS,
    jfrog_audit::FORMATS,
    jfrog_xray::FORMATS,
    junit::FORMATS,
    kics::FORMATS,
    kingfisher::FORMATS,
    kube_bench::FORMATS,
    kube_linter::FORMATS,
    kubeaudit::FORMATS,
    kubescape::FORMATS,
    kubescape_v1::FORMATS,
    lint_junit::FORMATS,
    mend::FORMATS,
    nessus::FORMATS,
    nessus_csv::FORMATS,
    netsparker::FORMATS,
    neuvector::FORMATS,
    nexpose::FORMATS,
    nikto::FORMATS,
    njsscan::FORMATS,
    noseyparker::FORMATS,
    npm_audit::FORMATS,
    nuclei::FORMATS,
    openreports::FORMATS,
    openscap::FORMATS,
    openvas::FORMATS,
    openvex::FORMATS,
    ort::FORMATS,
    osv_scanner::FORMATS,
    pip_audit::FORMATS,
    pip_licenses::FORMATS,
    prowler::FORMATS,
    qualys::FORMATS,
    retire::FORMATS,
    roxctl_check::FORMATS,
    roxctl_scan::FORMATS,
    ruff::FORMATS,
    runner_json::FORMATS,
    sarif::FORMATS,
    scancode::FORMATS,
    semgrep::FORMATS,
    shellcheck::FORMATS,
    snyk::FORMATS,
    snyk_issues::FORMATS,
    sonarqube::FORMATS,
    sonatype::FORMATS,
    spdx::FORMATS,
    spotbugs::FORMATS,
    sysdig::FORMATS,
    tenable_export::FORMATS,
    terrascan::FORMATS,
    tfsec::FORMATS,
    trivy::FORMATS,
    trivy_compliance::FORMATS,
    trivy_operator::FORMATS,
    trufflehog::FORMATS,
    twistlock::FORMATS,
    veracode::FORMATS,
    wapiti::FORMATS,
    webinspect::FORMATS,
    wiz::FORMATS,
    wiz_cli::FORMATS,
    yarn_audit::FORMATS,
    yocto::FORMATS,
    zap_html::FORMATS,
    zap_json::FORMATS,
    zap_xml::FORMATS,
];
