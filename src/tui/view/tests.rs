//! What the screens look like, and that nothing hidden is on them.

mod ledger;

use crate::domain::canonical::sha256;
use crate::domain::release::Artifact;
use crate::domain::verdict::{Level, Outcome, Violation};
use crate::text::is_hidden;
use crate::tui::effect::Effect;
use crate::tui::glyphs::GlyphSet;
use crate::tui::msg::{DecisionPreview, Failure, Listed, Msg};
use crate::tui::testing::{Driver, sample};

/// The ways to the screens, by name: keys from the inbox.
const SCREENS: &[(&str, &str)] = &[
    ("inbox", ""),
    ("release", "j <enter>"),
    ("release-builds", "j <enter> 2"),
    ("release-tickets", "j <enter> 3"),
    ("release-findings", "j <enter> 4"),
    ("release-changes", "j <enter> 5"),
    ("release-approvals", "j <enter> 6"),
    ("finding", "j <enter> 4 <enter>"),
    ("dismiss", "j <enter> 4 d"),
    ("decide", "j <enter> a"),
    ("refused", "k a"),
    ("halt", "j <enter> H"),
    ("help", "?"),
    ("palette", ":"),
    ("messages", "e"),
    ("which-key", "z"),
    ("filter", "j <enter> 4 /"),
    ("findings-grouped", "j <enter> 4 b s j j z a"),
    ("findings-fixed", "j <enter> 4 / f i x e d <enter>"),
    ("filter-completing", "j <enter> 4 / s t <tab> <tab>"),
    ("finding-said-before", "j <enter> 4 G <enter>"),
    ("which-group", "j <enter> 4 b"),
];

fn at(keys: &str, width: u16, height: u16) -> Driver {
    let mut driver = Driver::sample(width, height);
    driver.press("g k");
    if !keys.is_empty() {
        driver.press(keys);
    }
    driver
}

fn order(driver: &Driver) -> Vec<String> {
    let list = &driver.model.inbox.list;
    list.keys().iter().map(|id| id.native()[0].clone()).collect()
}

#[test]
fn what_waits_for_me_comes_first_and_then_the_oldest() {
    assert_eq!(order(&at("", 80, 24)), ["payments", "search", "ledger", "web"]);
}

#[test]
fn only_the_row_under_the_cursor_looks_like_it() {
    for keys in ["", "<enter> 4"] {
        let buffer = at(keys, 80, 24).buffer();
        let looks = |y: u16| buffer.cell((0, y)).map(|c| (c.symbol(), c.modifier, c.bg));
        let cursor = (1..23).find(|y| looks(*y).is_some_and(|(sign, ..)| sign == "▸")).unwrap();
        let (_, modifier, background) = looks(cursor).unwrap();
        let alike: Vec<u16> =
            (1..23).filter(|y| looks(*y).is_some_and(|(_, m, b)| (m, b) == (modifier, background))).collect();
        assert_eq!(alike, [cursor], "{keys}");
    }
}

#[test]
fn screens_look_as_they_did() {
    for (name, keys) in SCREENS {
        let keys = keys.strip_prefix("j ").unwrap_or(keys);
        let keys = if *name == "refused" { "j a" } else { keys };
        for (width, height) in [(80, 24), (120, 40)] {
            let driver = at(keys, width, height);
            insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../snapshots" }, {
                insta::assert_snapshot!(format!("{name}-{width}x{height}"), driver.screen());
            });
        }
    }
}

#[test]
fn provenance_looks_as_it_did() {
    for (width, height) in [(80, 24), (120, 40)] {
        let mut driver = at("<enter> 7", width, height);
        assert!(driver.screen().contains("no source of provenance is configured"), "{}", driver.screen());
        let row = sample::row("payments", "1.4.2", "prod", 11_100, true);
        driver.send(sample::ready(&row, &sample::attested(&row)));
        for (name, keys) in [("release-provenance", ""), ("release-provenance-more", "j j j")] {
            if !keys.is_empty() {
                driver.press(keys);
            }
            insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../snapshots" }, {
                insta::assert_snapshot!(format!("{name}-{width}x{height}"), driver.screen());
            });
        }
        driver.press("j j");
        assert!(driver.screen().contains("it was not read") || height == 24, "{}", driver.screen());
    }
}

#[test]
fn the_question_for_a_passphrase_looks_as_it_did() {
    for (width, height) in [(80, 24), (120, 40)] {
        let mut driver = at("<enter> a", width, height);
        let key = "/home/ana/.ssh/id_release".to_owned();
        driver.send(Msg::PassphraseAsked { ask: crate::tui::effect::AskId(1), key, again: true });
        driver.type_text("secret");
        insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../snapshots" }, {
            insta::assert_snapshot!(format!("passphrase-{width}x{height}"), driver.screen());
        });
    }
}

/// At the last look before a signature; `edit` changes what is looked at.
fn at_confirm(keys: &str, width: u16, height: u16, edit: impl FnOnce(&mut DecisionPreview)) -> Driver {
    let mut driver = at("<enter>", width, height);
    driver.press(keys);
    driver.press("<tab> <tab>");
    driver.type_text("The tests are green, and PAY-13 is not part of this release.");
    let effects = driver.press("<enter> <right> <enter>");
    let [Effect::Prepare(ask)] = effects.as_slice() else { panic!("{effects:?}") };
    let mut preview = crate::tui::update::tests::decisions::preview(ask);
    preview.about.artifacts = [("payments.tar.gz", Some(sha256(b"payments"))), ("registry/payments:1.4.2", None)]
        .map(|(name, digest)| Artifact { name: name.into(), reference: "".into(), digest })
        .to_vec();
    edit(&mut preview);
    driver.send(Msg::Prepared { request: ask.request, preview });
    driver
}

#[test]
fn the_last_look_before_a_signature_looks_as_it_did() {
    let block = |preview: &mut DecisionPreview| {
        preview.verdict = Outcome::Block;
        let first = preview.reasons[0].clone();
        let more = ["findings-critical", "build-failed", "ticket-none"].map(|id| Violation {
            level: Level::Block,
            id: id.to_owned(),
            text: format!("The rule {id} forbids it.\nSecond line."),
            ..first.clone()
        });
        preview.reasons = more.into_iter().chain([first]).collect();
        preview.missing = vec!["findings/sonar/search".to_owned()];
        preview.requests = vec!["PATCH https://gate.example.com/p/1\n{\"judgmentStatus\": \"stop\"}".to_owned()];
    };
    for (width, height) in [(80, 24), (120, 40)] {
        for (name, keys, blocked) in [("confirm", "a", false), ("confirm-block", "x", true)] {
            let driver = at_confirm(keys, width, height, |p| {
                if blocked {
                    block(p);
                }
            });
            insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../snapshots" }, {
                insta::assert_snapshot!(format!("{name}-{width}x{height}"), driver.screen());
            });
        }
    }
}

#[test]
fn what_comes_of_a_signature_is_seen_without_scrolling() {
    let remark = "This machine's clock and the orchestrator's differ by 5m.".to_owned();
    let screen = at_confirm("a", 80, 24, |p| p.remarks = vec![remark.clone()]).screen();
    for shown in [
        "! This machine's clock and the orchestrator's differ by 5m.",
        "then           It completes what the gate needs and is sent.",
        "approvals      0 of 1, waits for release-manager",
        "signed as      ana@example.com as release-manager",
        "with           SHA256:p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM",
        "[  Sign and send  ]",
    ] {
        assert!(screen.contains(shown), "{shown}: {screen}");
    }
    // Many remarks do not push it away, and can all be read.
    let many = |p: &mut DecisionPreview| {
        p.remarks = (0..9)
            .map(|i| format!("The approval of a-{i}@example.com does not count: {}", "why ".repeat(30)))
            .collect();
    };
    let mut driver = at_confirm("a", 80, 24, many);
    let mut all = driver.screen();
    assert!(all.contains("then           It completes") && all.contains("all 9 remarks are below in full"), "{all}");
    for _ in 0..9 {
        driver.press("<pgdn>");
        all += &driver.screen();
    }
    assert!((0..9).all(|i| all.contains(&format!("The approval of a-{i}@example.com"))), "{all}");
}

#[test]
fn the_button_says_what_happens() {
    let at = |keys: &str, edit: fn(&mut DecisionPreview)| at_confirm(keys, 80, 24, edit).screen();
    assert!(at("a", |_| {}).contains("[  Sign and send  ]"));
    let recorded = at("a", |p| {
        p.sends = false;
        p.then = "It is recorded and nothing is sent yet: 1 of 2, waits for security.".to_owned();
    });
    assert!(recorded.contains("[  Sign and record  ]") && !recorded.contains("Sign and send"), "{recorded}");
    let earlier = at("a", |p| p.earlier = Some("Your decision of 2026-11-21T13:40Z to approve it is open.".to_owned()));
    assert!(earlier.contains("! Your decision of 2026-11-21T13:40Z to approve it is open."), "{earlier}");
    assert!(earlier.contains("[  Settle the earlier one  ]"), "{earlier}");
}

#[test]
fn what_does_not_count_is_said_beside_the_approvals() {
    let mut driver = at("<enter> 6", 80, 24);
    let mut row = sample::row("payments", "1.4.2", "prod", 11_100, true);
    let note =
        "The approval of bo@example.com does not count: it is over other evidence than the approvals that count.";
    row.approvals.standing.notes = vec![note.to_owned()];
    let decisions = vec![sample::decision(&row)];
    let listed = Listed { rows: vec![row.clone()], shortfalls: Vec::new(), now: sample::now() };
    driver.send(Msg::GatesListed(Box::new(listed)));
    driver.ready(sample::dossier(&row, 6), decisions);
    driver.press("g");
    let screen = driver.screen();
    assert!(screen.contains("! note") && screen.contains("approve   bo@example.com"), "{screen}");
    assert!(screen.contains("evidence than the approvals that count."), "in full below: {screen}");
}

#[test]
fn nothing_of_what_is_signed_is_out_of_reach() {
    let reason: String = (0..40).map(|i| format!("line-{i} {} ", sample::HOSTILE)).collect::<Vec<_>>().concat();
    let mut driver = at_confirm("a", 80, 24, |preview| {
        preview.reason = reason.into();
        preview.about.artifacts = (0..30)
            .map(|i| Artifact { name: format!("artifact-{i}.").into(), reference: "".into(), digest: None })
            .collect();
    });
    let first = driver.screen();
    for shown in
        ["you            approve payments@1.4.2/prod", "[> Cancel <]", "Sign and send", "lines of it are below"]
    {
        assert!(first.contains(shown), "{shown}: {first}");
    }
    let mut all = first;
    for _ in 0..30 {
        driver.press("<pgdn>");
        all += &driver.screen();
    }
    assert!((0..40).all(|i| all.contains(&format!("line-{i} "))), "{all}");
    assert!((0..30).all(|i| all.contains(&format!("artifact-{i}."))), "{all}");
    assert!(!all.chars().any(|c| c != '\n' && is_hidden(c)));
    assert!(driver.press("<enter>").is_empty(), "Cancel is the default wherever the text is");
}

#[test]
fn nothing_hidden_reaches_the_screen_and_no_size_panics() {
    let sizes = (1..=200).step_by(13).flat_map(|w| (1..=60).step_by(5).map(move |h| (w, h)));
    for (width, height) in sizes.chain([(60, 15), (59, 15), (60, 14), (61, 16), (0, 0)]) {
        let mut driver = at("", width, height);
        for (name, keys) in SCREENS {
            for glyphs in [GlyphSet::Unicode, GlyphSet::Ascii] {
                driver.model.glyphs = glyphs;
                let keys = keys.strip_prefix("j ").unwrap_or(keys);
                if !keys.is_empty() {
                    driver.press(keys);
                }
                let screen = driver.screen();
                let hidden: Vec<char> = screen.chars().filter(|c| *c != '\n' && is_hidden(*c)).collect();
                assert!(hidden.is_empty(), "{name} at {width}x{height}: {hidden:?}");
                driver.press("<esc> <esc> <esc> <esc> <esc>");
                driver.model.overlays.clear();
                driver.model.prefix.clear();
            }
        }
    }
}

#[test]
fn hostile_text_is_shown_for_what_it_is() {
    let screen = at("<enter> 4 <enter>", 120, 40).screen();
    assert!(screen.contains("safe<U+001B>[2J<U+202E>evil"), "{screen}");
}

#[test]
fn ascii_signs_are_ascii() {
    let mut driver = Driver::with(80, 24, GlyphSet::Ascii);
    driver.load_sample();
    for (name, keys) in SCREENS {
        if !keys.is_empty() {
            driver.press(keys);
        }
        assert!(driver.screen().is_ascii(), "{name}: {}", driver.screen());
        driver.press("<esc> <esc> <esc> <esc>");
        driver.model.overlays.clear();
    }
}

#[test]
fn footers_name_what_can_be_done_and_help_always_fits() {
    let footer = |keys: &str, width| at(keys, width, 24).screen().lines().last().unwrap().to_owned();
    for width in [60, 80, 120, 200] {
        for keys in ["", "<enter>", "<enter> 4", "<enter> 4 <enter>", "?"] {
            assert!(footer(keys, width).contains("? help"), "{keys}");
        }
    }
    for (keys, wanted) in [
        ("", ["enter open", "a approve", "/ filter"]),
        ("<enter>", ["esc back", "a approve", "x reject"]),
        ("<enter> 4", ["esc back", "space mark", "d dismiss"]),
        ("<enter> a", ["enter press", "esc back", "tab next"]),
        ("?", ["enter run", "/ search", "esc back"]),
    ] {
        for word in wanted {
            assert!(footer(keys, 80).contains(word), "{keys:?}: {}", footer(keys, 80));
        }
    }
    assert!(!footer("<enter> 4 <enter>", 80).contains("open"), "Enter opens nothing there");
    assert!(footer("<enter> 3", 120).contains("o link"));
}

#[test]
fn a_long_text_says_where_it_is() {
    let mut driver = at("<enter>", 80, 24);
    let place = driver.screen().lines().position(|line| line.contains("PgDn"));
    assert_eq!(place, Some(22), "the tabs go first: {}", driver.screen());
    driver = at("<enter>", 120, 24);
    assert!(driver.screen().contains("; PgDn"), "{}", driver.screen());
    driver.press("G");
    assert!(driver.screen().contains("; PgUp"), "{}", driver.screen());
}

#[test]
fn a_screen_that_is_too_small_says_so() {
    assert!(at("", 59, 20).screen().contains("needs 60x15"));
    assert!(at("", 60, 15).screen().contains("payments@1.4.2/prod"));
}

#[test]
fn every_source_is_shown_as_it_arrives() {
    use crate::tui::msg::{Arrival, PieceState};
    let mut driver = at("", 100, 30);
    let web = sample::world().pop().unwrap().0.gate.id;
    for (piece, state) in [("builds/jenkins", PieceState::Asking), ("tickets/jira", PieceState::Complete)] {
        let arrival = Arrival { gate: web.clone(), piece: piece.to_owned(), state, reason: None };
        driver.send(Msg::PieceArrived(Box::new(arrival)));
    }
    driver.press("G");
    let screen = driver.screen();
    assert!(screen.contains("… 1/2"), "{screen}");
    assert!(screen.contains("… asking builds/jenkins") && screen.contains("✓ complete tickets/jira"), "{screen}");
}

#[test]
fn nothing_is_green_where_nothing_is_known() {
    let mut row = sample::row("stray", "1.0.0", "prod", 60, false);
    row.service = None;
    let (stray, lost) = (sample::unmatched(&row), sample::row("search", "7.0.0", "prod", 600, true));
    let mut driver = Driver::new(120, 40);
    let rows = vec![row.clone(), lost.clone()];
    driver.send(Msg::GatesListed(Box::new(Listed { rows, shortfalls: Vec::new(), now: sample::now() })));
    driver.send(sample::ready(&row, &stray));
    driver.send(sample::ready(&lost, &sample::incomplete(&lost)));
    let screen = driver.screen();
    let line = |word: &str| screen.lines().find(|l| l.contains(word)).unwrap().to_owned();
    assert!(line("stray@1.0.0").contains("? not asked") && line("stray@1.0.0").contains("? all"), "{screen}");
    assert!(!line("stray@1.0.0").contains('✓'), "{screen}");
    assert!(line("search@7.0.0").contains("? missing"), "{screen}");
    let entries = driver.model.inbox.list.keys().iter().filter_map(|id| driver.model.gates.get(id));
    let plain = crate::tui::plain::inbox(entries, sample::now());
    assert!(plain.contains("findings: not known; missing: findings/sonar/search\n"), "{plain}");
    assert!(plain.contains("missing evidence: all of it: no [[service]]"), "{plain}");
    driver.press("g <enter> 4");
    assert!(driver.screen().contains("Not known; missing: findings/sonar/search."), "{}", driver.screen());
    driver.press("3");
    assert!(driver.screen().contains("Not known: no source of tickets"), "{}", driver.screen());
    driver.press("<esc> G <enter> a");
    let refused = driver.screen();
    assert_eq!(refused.matches("No [[service]]").count(), 1, "{refused}");
    assert!(refused.contains("not known; no source of findings is configured"), "{refused}");
}

#[test]
fn errors_stay_in_reach_with_their_hints() {
    let mut driver = at("", 80, 24);
    let failure = Failure {
        task: "refresh".to_owned(),
        message: "jira.example.com answered 401.".to_owned(),
        hints: vec!["Run countersign login jira.".to_owned()],
    };
    driver.send(Msg::Failed { request: None, failure });
    assert!(driver.screen().contains("✗ jira.example.com answered 401.  (e shows more)"), "{}", driver.screen());
    driver.press("j e");
    let screen = driver.screen();
    assert!(screen.contains("Hint: Run countersign login jira."), "{screen}");
    driver.press("<esc>");
    assert!(!driver.screen().contains("Hint:"));
}
