//! Documents of other tools: what is imported from one speaks of the findings that the readers of reports see in it.

use std::path::{Path, PathBuf};

use super::*;

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()) {
        if path.is_dir() { files(&path, out) } else { out.push(path) }
    }
}

fn corpus() -> Option<PathBuf> {
    let corpus = std::env::var_os("COUNTERSIGN_CORPUS").map(PathBuf::from);
    if corpus.is_none() {
        println!("skipped: COUNTERSIGN_CORPUS is not set");
    }
    corpus
}

#[test]
fn files_of_the_corpus_are_read() {
    let Some(corpus) = corpus() else { return };
    for (file, statements, not_taken) in [
        ("reports/openvex/openvex_many_vuln.json", 3, 3),
        // Versions by name are taken over, ranges are not.
        ("reports/cyclonedx_examples/VEX__CISA-Use-Cases__Case-8__vex.json", 5, 11),
        // Suppressions without a reason.
        ("reports/sarif/SuppressionTestCurrent.sarif", 0, 3),
        ("reports/sarif/analysismodel__suppressed-sarif.json", 1, 1),
        ("sigstore/sshsig-and-dsse/openvex-sample.json", 1, 0),
    ] {
        let import = import(&std::fs::read(corpus.join(file)).unwrap()).unwrap();
        assert_eq!((import.statements.len(), import.not_taken.len()), (statements, not_taken), "{file}: {import:#?}");
    }
}

#[test]
fn statements_speak_of_the_findings_of_their_file() {
    let Some(corpus) = corpus() else { return };
    let mut all = Vec::new();
    files(&corpus.join("reports"), &mut all);
    let (mut read, mut said, mut silent) = (0, 0, Vec::new());
    for path in all {
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let Ok(import) = import(&bytes) else { continue };
        read += 1;
        let name = path.strip_prefix(&corpus).unwrap().to_string_lossy().into_owned();
        let findings = crate::report::read(&name, &bytes, None).findings;
        for statement in &import.statements {
            said += 1;
            let product = statement.products.first().map_or("", |p| p.raw());
            let (service, version) = matching::name_and_version(product);
            let version = version.unwrap_or_default().into();
            let release = Release { service, version, artifacts: Vec::new(), ..release() };
            if !findings.iter().any(|f| statement.speaks_of(f, &release).is_some()) {
                silent.push(format!("{name}: {} for {:?}", statement.name(), statement.products));
            }
        }
    }
    println!("{read} documents, {said} statements, {} speak of no finding: {silent:#?}", silent.len());
    assert!(read > 30 && said > 80);
    assert!(silent.is_empty(), "{silent:#?}");
}
