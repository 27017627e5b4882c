//! An approval for one gate, release, environment, attempt and artifact is refused for every other.

use super::*;
use crate::domain::canonical::sha256;
use crate::domain::gate::Gate;
use crate::domain::ids::{ConnectionName, GateId};
use crate::domain::release::Artifact;

/// What one approval is for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    gate: GateId,
    service: &'static str,
    environment: &'static str,
    attempt: &'static str,
    artifact: &'static str,
}

/// Every combination.
fn targets() -> Vec<Target> {
    let gate = |path: [&str; 3], connection: &str| GateId::new(ConnectionName::new(connection), path);
    let gates = [
        gate(["shop", "E1", "S1"], "spinnaker"),
        gate(["shop", "E1", "S2"], "spinnaker"),
        gate(["shop", "E1", "S1"], "other"),
    ];
    let mut out = Vec::new();
    for gate in gates {
        for service in ["payments", "checkout"] {
            for environment in ["prod", "staging"] {
                for attempt in ["1", "2"] {
                    for artifact in ["a", "b"] {
                        out.push(Target { gate: gate.clone(), service, environment, attempt, artifact });
                    }
                }
            }
        }
    }
    out
}

fn approval(n: usize, target: &Target) -> Verified {
    let mut dossier = samples::dossier();
    dossier.gate = Gate { id: target.gate.clone(), attempt: target.attempt.to_owned(), ..dossier.gate };
    target.service.clone_into(&mut dossier.release.service);
    target.environment.clone_into(&mut dossier.release.environment);
    let digest = Some(sha256(target.artifact.as_bytes()));
    dossier.release.artifacts = vec![Artifact { name: "image".into(), reference: "r/i".into(), digest }];
    let choice = Choice {
        id: RecordId::new(format!("R{n}")),
        nonce: format!("{n}"),
        approver: as_of("ana", 1),
        ..samples::choice(Verb::Approve)
    };
    let statement = Statement::of_decision(&dossier, choice).unwrap();
    let bytes = Envelope::sign(&statement, &signer(1)).unwrap().to_bytes().unwrap();
    verify_envelope(&bytes, &root(), statement.issued_at()).unwrap()
}

#[test]
fn exactly_the_diagonal_is_good() {
    let file = approvers(
        &FILE
            .replace("environments = [\"prod\"]\nneed", "environments = [\"*\"]\nneed")
            .replace("{ role = \"security\", count = 1 }", "")
            .replace("count = 1 }, ]", "count = 1 }]"),
    );
    let targets = targets();
    assert_eq!(targets.len(), 48);
    let envelopes: Vec<Verified> = targets.iter().enumerate().map(|(n, t)| approval(n, t)).collect();
    let all: Vec<Cast<'_>> = envelopes.iter().map(|v| Cast { verified: v, receipt: None, lapsed: false }).collect();
    for approvers in [None, Some(&file)] {
        for (asked, target) in targets.iter().enumerate() {
            let expected = Expected {
                gate: target.gate.clone(),
                attempt: Some(target.attempt.into()),
                environment: target.environment.into(),
                artifacts: vec![sha256(target.artifact.as_bytes())],
                commit: None,
                option: None,
                policy: None,
                verb: Verb::Approve,
            };
            let question = Question {
                expected: &expected,
                service: Some(target.service),
                approvers,
                now: at(1),
                excluded: &[],
                barred: &[],
                in_order: true,
                evidence: None,
            };
            for (given, one) in all.iter().enumerate() {
                let good = tally(std::slice::from_ref(one), &question).unwrap().reached();
                assert_eq!(good, given == asked, "{:?} for {target:?}", targets[given]);
            }
        }
    }
}
