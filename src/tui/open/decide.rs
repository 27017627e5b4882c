//! A decision in the plain mode: everything that is signed and sent is said, and then a word is asked for.

use super::{Console, read_line, say};
use crate::domain::decision::{ReceiptStatus, Verb};
use crate::domain::dossier::WHOLE;
use crate::error::AppError;
use crate::review::decide::{self, Done, Proposal};
use crate::review::permit::Permit;
use crate::review::progress::Progress;
use crate::review::summary::Summary;
use crate::review::take_up::{self, Wanted};
use crate::review::{Desk, inbox};
use crate::text::Untrusted;
use crate::tui::model::gates::GateEntry;

/// Decides over the release that is open. Gives whether anything was decided.
pub(super) async fn plainly(
    desk: &Desk,
    console: &Console,
    entry: Option<&GateEntry>,
    word: &str,
    reason: &str,
) -> Result<bool, AppError> {
    let entry = entry.ok_or_else(|| AppError::usage("Open a release first: type its number."))?;
    if !console.terminal {
        return Err(AppError::usage("Decisions are asked for on a terminal only; by script use the commands."));
    }
    let verb = [Verb::Approve, Verb::Reject, Verb::Halt, Verb::Comment].into_iter().find(|v| v.word() == word);
    let verb = verb.ok_or_else(|| AppError::usage(format!("There is no verb {word}.")))?;
    let seen = entry.dossier.as_ref().map(|d| d.digest.to_string());
    if seen.is_none() && verb == Verb::Approve {
        return Err(AppError::usage("Its evidence was not put together, so nobody has seen what would be approved.")
            .hint("Type r to read the gates again."));
    }
    let id = &entry.row.gate.id;
    let option = match verb {
        Verb::Approve if !entry.row.gate.options.is_empty() => match chosen(&entry.row.gate.options).await? {
            Some(option) => Some(option),
            None => return nothing(),
        },
        _ => None,
    };
    let wanted = Wanted { gate: id, verb, option: option.as_deref(), break_glass: false, expect: seen.as_deref() };
    if let Some(done) = take_up::take_up(desk, wanted, &tell).await? {
        say("Your earlier decision on this gate was taken up and is settled. What you wrote now was not signed.\n")?;
        return say(&ended(&done)).map(|()| true);
    }
    let waiting = inbox::read(desk, id).await?.ok_or_else(|| AppError::usage(format!("The gate {id} is gone.")))?;
    // The whole of it was said when the release was opened.
    let pieces = entry.dossier.iter().flat_map(|d| d.pieces.iter().map(|p| p.name.clone()));
    let proposal = Proposal {
        verb,
        reason: reason.to_owned(),
        option,
        viewed: pieces.chain(entry.dossier.as_ref().map(|_| WHOLE.to_owned())).collect(),
        expect: seen,
        allow_clock_skew: false,
        break_glass: false,
    };
    let prepared = decide::prepare(desk, waiting, proposal, false, &|_| {}).await?;
    decide::check(&prepared)?;
    let summary = Summary::of(&prepared);
    summary.remarks.iter().try_for_each(|remark| say(&format!("Warning: {remark}\n")))?;
    say(&summary.lines())?;
    for request in summary.sent() {
        let when = if summary.sends { "will be sent" } else { "will be sent once the quorum is reached" };
        say(&format!("This {when}:\n{}\n", crate::text::block(&request)))?;
    }
    let what = if summary.sends { "to sign and send it" } else { "to sign and record it" };
    say(&format!("Type {word} {what}, anything else to go back: "))?;
    if read_line().await.as_deref().map(str::trim) != Some(word) {
        return nothing();
    }
    let fresh = decide::refetch(desk, &prepared, &tell).await?;
    let done = decide::execute(desk, &fresh, &Permit::default(), &tell).await?;
    say(&ended(&done)).map(|()| true)
}

fn nothing() -> Result<bool, AppError> {
    say("Nothing was signed.\n").map(|()| false)
}

/// Which of the gate's inputs it is answered with; `None`: the person goes back.
async fn chosen(options: &[Untrusted]) -> Result<Option<String>, AppError> {
    say("The gate is answered with one of these inputs.\n")?;
    for (i, option) in options.iter().enumerate() {
        say(&format!("{}. {}\n", i + 1, option.line()))?;
    }
    say("Type the number of one, anything else to go back: ")?;
    let typed = read_line().await.unwrap_or_default();
    let place = typed.trim().parse::<usize>().ok().and_then(|n| n.checked_sub(1));
    Ok(place.and_then(|place| options.get(place)).map(|option| option.raw().to_owned()))
}

/// What came of it, and how far the approvals are then.
fn ended(done: &Done) -> String {
    let approvals = done.standing.as_ref().map(|s| format!("approvals: {}\n", s.words())).unwrap_or_default();
    let status = match done.receipt.status {
        ReceiptStatus::Recorded => "recorded, and nothing was sent",
        status => status.word(),
    };
    format!("{status}: {}\n{approvals}Envelope {}.\n", done.receipt.detail.line(), done.envelope.short())
}

fn tell(progress: Progress) {
    let said = match progress {
        Progress::Signing { touch: true, seconds } => {
            format!("Touch your key on your workstation now ({seconds} s).\n")
        }
        Progress::Delivery { step, .. } => format!("{step}\n"),
        Progress::Signing { touch: false, .. } | Progress::Asking { .. } | Progress::Arrived { .. } => return,
    };
    // Whoever cannot be told any more is not to keep a decision from its end.
    say(&said).ok();
}
