//! Asks the person at the terminal. Only where there is one, and only if prompts are allowed.

use std::io::{BufRead as _, Write as _};
use std::sync::Arc;

use super::Context;
use crate::review::{Passphrase, Question};
use crate::secrets::Secret;

/// Asks a question on standard error, and reads one line. `None`: the input ended.
pub fn line(question: &str) -> Option<String> {
    let mut err = std::io::stderr().lock();
    write!(err, "{question}").ok();
    err.flush().ok();
    let mut answer = String::new();
    match std::io::stdin().lock().read_line(&mut answer) {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(answer.trim_end_matches(['\r', '\n']).to_owned()),
    }
}

/// Asks for a word that confirms. Anything else is a no.
pub fn confirm(question: &str, word: &str) -> bool {
    line(&format!("{question} Type {word} to go on: ")).is_some_and(|answer| answer.trim() == word)
}

/// Asks for a secret without showing what is typed.
pub fn secret(question: &str) -> Option<Secret> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let stdin = std::io::stdin();
    let before = tcgetattr(&stdin).ok()?;
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    hidden.local_modes.insert(LocalModes::ECHONL);
    tcsetattr(&stdin, OptionalActions::Flush, &hidden).ok()?;
    let answer = line(question).map(zeroize::Zeroizing::new);
    // Whatever happened, the terminal shows what is typed again.
    tcsetattr(&stdin, OptionalActions::Now, &before).ok()?;
    answer.filter(|a| !a.is_empty()).map(|a| Secret::new(a.as_str()))
}

/// How the passphrase of an encrypted key is asked for; gives nothing where nobody can be asked.
pub fn passphrase(context: &Context) -> Passphrase {
    let can_ask = context.can_ask();
    // Once: a script that types a wrong one is told, and not asked again for ever.
    Arc::new(move |question: &Question<'_>| {
        let ask = can_ask && !question.again;
        ask.then(|| secret(&format!("Passphrase for {}: ", question.key))).flatten()
    })
}
