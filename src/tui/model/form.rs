//! What all forms have: fields, two buttons of which Cancel is the default, and a focus.

use super::input::Input;

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its label.
    pub label: &'static str,
    /// What to write.
    pub hint: String,
    /// What is in it.
    pub kind: FieldKind,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldKind {
    /// Text.
    Text(Input),
    /// One of several.
    Choice {
        /// What there is, safe to display.
        options: Vec<String>,
        /// Which is chosen.
        chosen: usize,
    },
}

/// Where the focus of a form is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// On a field.
    Field(usize),
    /// On Cancel.
    Cancel,
    /// On the other button.
    Go,
}

/// The fields of a form and its focus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// The fields.
    pub fields: Vec<Field>,
    /// The focus.
    pub focus: Focus,
    /// What is wrong with what was filled in.
    pub problem: Option<String>,
}

impl Field {
    /// A text field.
    pub fn text(label: &'static str, hint: impl Into<String>, text: &str) -> Self {
        Self { label, hint: hint.into(), kind: FieldKind::Text(Input::with(text)) }
    }

    /// A choice.
    pub fn choice(label: &'static str, hint: impl Into<String>, options: Vec<String>) -> Self {
        Self { label, hint: hint.into(), kind: FieldKind::Choice { options, chosen: 0 } }
    }
}

impl Form {
    /// A form with the focus on Cancel.
    pub fn new(fields: Vec<Field>) -> Self {
        Self { fields, focus: Focus::Cancel, problem: None }
    }

    /// The text of a text field, without blanks around it.
    pub fn text(&self, label: &str) -> String {
        self.fields
            .iter()
            .find(|f| f.label == label)
            .and_then(|f| match &f.kind {
                FieldKind::Text(input) => Some(input.text().trim().to_owned()),
                FieldKind::Choice { .. } => None,
            })
            .unwrap_or_default()
    }

    /// Which of a choice is chosen.
    pub fn chosen(&self, label: &str) -> Option<usize> {
        self.fields.iter().find(|f| f.label == label).and_then(|f| match &f.kind {
            FieldKind::Choice { chosen, options } if !options.is_empty() => Some(*chosen),
            _ => None,
        })
    }

    /// The text field that is typed into, if the focus is on one.
    pub fn input(&mut self) -> Option<&mut Input> {
        let Focus::Field(i) = self.focus else { return None };
        match &mut self.fields.get_mut(i)?.kind {
            FieldKind::Text(input) => Some(input),
            FieldKind::Choice { .. } => None,
        }
    }

    /// Whether the focus is on a text field.
    pub fn is_typing(&self) -> bool {
        matches!(self.focus, Focus::Field(i) if matches!(self.fields.get(i).map(|f| &f.kind), Some(FieldKind::Text(_))))
    }

    /// The focus goes on, in a ring: the fields, Cancel, the other button.
    pub fn next(&mut self, back: bool) {
        let n = self.fields.len();
        let at = match self.focus {
            Focus::Field(i) => i,
            Focus::Cancel => n,
            Focus::Go => n + 1,
        };
        let ring = n + 2;
        let to = if back { (at + ring - 1) % ring } else { (at + 1) % ring };
        self.focus = match to {
            i if i < n => Focus::Field(i),
            i if i == n => Focus::Cancel,
            _ => Focus::Go,
        };
    }

    /// On a choice: the next one; on a button: the other one.
    pub fn sideways(&mut self, back: bool) {
        match self.focus {
            Focus::Cancel => self.focus = Focus::Go,
            Focus::Go => self.focus = Focus::Cancel,
            Focus::Field(i) => {
                if let Some(FieldKind::Choice { options, chosen }) = self.fields.get_mut(i).map(|f| &mut f.kind) {
                    let n = options.len().max(1);
                    *chosen = if back { (*chosen + n - 1) % n } else { (*chosen + 1) % n };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancel_is_the_default_and_the_ring_closes() {
        let mut form = Form::new(vec![
            Field::text("Reason", "", ""),
            Field::choice("Status", "", vec!["a".to_owned(), "b".to_owned()]),
        ]);
        assert_eq!(form.focus, Focus::Cancel);
        let mut seen = Vec::new();
        for _ in 0..4 {
            form.next(false);
            seen.push(form.focus);
        }
        assert_eq!(seen, [Focus::Go, Focus::Field(0), Focus::Field(1), Focus::Cancel]);
        form.next(true);
        form.sideways(false);
        assert_eq!(form.chosen("Status"), Some(1));
        form.sideways(false);
        assert_eq!(form.chosen("Status"), Some(0));
        assert!(form.input().is_none());
    }
}
