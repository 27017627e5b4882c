//! As much of JQL as the scenarios need: clauses joined by AND.

use super::Ticket;

/// One clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    field: String,
    negated: bool,
    values: Vec<String>,
}

impl Clause {
    /// Whether a ticket fulfils it.
    pub fn holds(&self, ticket: &Ticket) -> bool {
        let any = |mine: &str| self.values.iter().any(|v| v.eq_ignore_ascii_case(mine));
        let holds = match self.field.as_str() {
            "project" => any(ticket.project()),
            "key" => any(&ticket.key) || any(&super::seed::number(&ticket.key).to_string()),
            "fixversion" => ticket.fix_versions.iter().any(|v| any(v)),
            "status" => any(&ticket.status),
            "statuscategory" => any(ticket.category()) || any(category_name(ticket.category())),
            "labels" => ticket.labels.iter().any(|l| any(l)),
            "issuetype" => any(&ticket.kind),
            _ => false,
        };
        holds != self.negated
    }

    /// The first value that no ticket has, in a field whose values Jira knows.
    pub fn unknown(&self, tickets: &[Ticket]) -> Option<(&'static str, String)> {
        let (name, has): (_, fn(&Ticket, &str) -> bool) = match self.field.as_str() {
            "project" => ("project", |t, v| t.project().eq_ignore_ascii_case(v)),
            "key" => ("key", |t, v| t.key.eq_ignore_ascii_case(v) || super::seed::number(&t.key).to_string() == v),
            "fixversion" => ("fixVersion", |t, v| t.fix_versions.iter().any(|f| f.eq_ignore_ascii_case(v))),
            _ => return None,
        };
        let value = self.values.iter().find(|v| !tickets.iter().any(|t| has(t, v)))?;
        Some((name, value.clone()))
    }
}

/// The name of a category of statuses.
pub fn category_name(key: &str) -> &'static str {
    match key {
        "new" => "To Do",
        "done" => "Done",
        _ => "In Progress",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Quoted(String),
    Sign(&'static str),
}

/// Reads a query; the error is what Jira would say after "Error in the JQL Query: ".
pub fn parse(query: &str) -> Result<Vec<Clause>, String> {
    let tokens = tokens(query)?;
    let mut rest = tokens.as_slice();
    let mut clauses = Vec::new();
    let word = |t: &Token, text: &str| matches!(t, Token::Word(w) if w.eq_ignore_ascii_case(text));
    while let Some((first, tail)) = rest.split_first() {
        if word(first, "order") {
            break;
        }
        let Token::Word(field) = first else { return Err(expected("a field name")) };
        let (clause, tail) = clause(field, tail)?;
        clauses.push(clause);
        rest = match tail {
            [] => tail,
            [and, more @ ..] if word(and, "and") && !more.is_empty() => more,
            [order, ..] if word(order, "order") => tail,
            _ => return Err(expected("'AND' or the end")),
        };
    }
    Ok(clauses)
}

fn clause<'t>(field: &str, tail: &'t [Token]) -> Result<(Clause, &'t [Token]), String> {
    let field = match field.to_ascii_lowercase().as_str() {
        "id" | "issue" | "issuekey" => "key".to_owned(),
        "type" => "issuetype".to_owned(),
        known @ ("project" | "key" | "fixversion" | "status" | "statuscategory" | "labels" | "issuetype") => {
            known.to_owned()
        }
        _ => return Err(format!("Field '{field}' does not exist or you do not have permission to view it.")),
    };
    let is = |t: &Token, text: &str| matches!(t, Token::Word(w) if w.eq_ignore_ascii_case(text));
    let (negated, tail) = match tail {
        [not, list, tail @ ..] if is(not, "not") && is(list, "in") => (true, tail),
        [list, tail @ ..] if is(list, "in") => (false, tail),
        [Token::Sign(sign @ ("=" | "!=")), value, tail @ ..] => {
            let value = text(value).ok_or_else(|| expected("a value"))?;
            return Ok((Clause { field, negated: *sign == "!=", values: vec![value] }, tail));
        }
        _ => return Err(expected("an operator")),
    };
    let [Token::Sign("("), tail @ ..] = tail else { return Err(expected("'('")) };
    let mut values = Vec::new();
    let mut rest = tail;
    loop {
        let [value, sign, tail @ ..] = rest else { return Err(expected("')'")) };
        values.push(text(value).ok_or_else(|| expected("a value"))?);
        rest = tail;
        match sign {
            Token::Sign(",") => {}
            Token::Sign(")") => return Ok((Clause { field, negated, values }, rest)),
            _ => return Err(expected("',' or ')'")),
        }
    }
}

fn expected(what: &str) -> String {
    format!("Expecting {what}.")
}

fn text(token: &Token) -> Option<String> {
    match token {
        Token::Word(text) | Token::Quoted(text) => Some(text.clone()),
        Token::Sign(_) => None,
    }
}

fn tokens(query: &str) -> Result<Vec<Token>, String> {
    let mut chars = query.chars().peekable();
    let mut tokens = Vec::new();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\n' | '\r' => {}
            '(' => tokens.push(Token::Sign("(")),
            ')' => tokens.push(Token::Sign(")")),
            ',' => tokens.push(Token::Sign(",")),
            '=' => tokens.push(Token::Sign("=")),
            '!' if chars.next_if_eq(&'=').is_some() => tokens.push(Token::Sign("!=")),
            '"' | '\'' => {
                let mut value = String::new();
                loop {
                    match chars.next() {
                        Some('\\') => value.extend(chars.next()),
                        Some(end) if end == c => break,
                        Some(other) => value.push(other),
                        None => return Err("The quoted string has not been completed.".to_owned()),
                    }
                }
                tokens.push(Token::Quoted(value));
            }
            c if c.is_alphanumeric() || "._-*".contains(c) => {
                let mut value = String::from(c);
                while let Some(more) = chars.next_if(|c| c.is_alphanumeric() || "._-*".contains(*c)) {
                    value.push(more);
                }
                tokens.push(Token::Word(value));
            }
            other => return Err(format!("The character '{other}' is a reserved JQL character.")),
        }
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clauses(query: &str) -> Vec<(String, bool, Vec<String>)> {
        parse(query).unwrap().into_iter().map(|c| (c.field, c.negated, c.values)).collect()
    }

    #[test]
    fn clauses_with_and() {
        let strings = |v: &[&str]| v.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            clauses(r#"project = PAY AND fixVersion = "1.4 \"b\"" and key in (PAY-1, 'PAY-2') ORDER BY key"#),
            [
                ("project".to_owned(), false, strings(&["PAY"])),
                ("fixversion".to_owned(), false, strings(&["1.4 \"b\""])),
                ("key".to_owned(), false, strings(&["PAY-1", "PAY-2"])),
            ]
        );
        assert!(clauses("statusCategory != Done")[0].1);
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for query in [
            "project",
            "project =",
            "project = A OR key = B",
            "key in (A",
            "x = 1",
            "fixVersion = \"1",
            "project = A AND",
            "a & b",
        ] {
            assert!(parse(query).is_err(), "{query}");
        }
    }
}
