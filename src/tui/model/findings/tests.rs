use super::*;
use crate::tui::testing::sample;

fn dossier(findings: usize) -> Arc<Dossier> {
    let row = sample::row("payments", "1.4.2", "prod", 60, true);
    Arc::new(sample::dossier(&row, findings))
}

fn typed(findings: &mut Findings, text: &str) {
    findings.filter.input.clear();
    findings.filter.input.insert_text(text);
    findings.apply_filter();
}

#[test]
fn many_findings_are_gone_through_in_steps() {
    let dossier = dossier(2 * STRIDE + 5);
    let mut findings = Findings::default();
    findings.show(&dossier);
    assert_eq!((findings.progress(), findings.lines.len()), (None, 2 * STRIDE + 5), "opening looks at none of them");
    typed(&mut findings, "sev:high");
    findings.show(&dossier);
    assert_eq!(findings.progress(), Some((STRIDE, 2 * STRIDE + 5)));
    assert_eq!(findings.lines.len(), 2 * STRIDE + 5, "what was shown stays until all were looked at");
    findings.go_on();
    findings.go_on();
    assert_eq!(findings.progress(), None);
    let high = dossier.findings.iter().filter(|t| t.finding.severity == crate::domain::severity::Severity::High);
    assert_eq!(findings.lines.len(), high.count());
    findings.go_on();
    assert_eq!(findings.progress(), None);
}

#[test]
fn regrouping_stays_on_the_finding() {
    let dossier = dossier(40);
    let mut findings = Findings::default();
    findings.show(&dossier);
    findings.step(Step::By(17));
    let on = findings.on();
    for by in GroupBy::ALL.into_iter().map(Some).chain([None]) {
        findings.regroup(by);
        assert_eq!(findings.on(), on, "{by:?}");
    }
    findings.regroup(Some(GroupBy::Severity));
    findings.fold();
    assert!(matches!(findings.on(), Some(On::Heading(_))));
    let heading = findings.on();
    typed(&mut findings, "number");
    findings.show(&dossier);
    assert_eq!(findings.on(), heading, "a heading stays under the cursor too, and its group closed");
    assert!(findings.lines.closed().len() == 1);
}

#[test]
fn what_is_gone_is_a_list_of_its_own() {
    let dossier = dossier(6);
    let mut findings = Findings::default();
    findings.show(&dossier);
    typed(&mut findings, "fixed");
    findings.show(&dossier);
    assert_eq!(findings.lines.len(), 1);
    let Some(Line::Finding(index)) = findings.line() else { panic!("it is a finding") };
    assert!(index >= dossier.findings.len());
    assert_eq!(findings.selected().unwrap().novelty, crate::domain::triage::Novelty::Fixed);
    assert!(findings.open(None).is_empty(), "it cannot be marked");
    typed(&mut findings, "");
    findings.show(&dossier);
    assert_eq!(findings.lines.len(), 6);
}
