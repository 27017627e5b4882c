//! A list with a cursor that stays on the same thing while the list changes around it.

/// The line that the cursor is on, and the first line that is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    cursor: usize,
    top: usize,
}

/// The keys of a list in order, and where the cursor is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<K> {
    keys: Vec<K>,
    place: Place,
}

impl<K> Default for Listing<K> {
    fn default() -> Self {
        Self { keys: Vec::new(), place: Place::default() }
    }
}

/// How the cursor goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// So many lines down, or up if negative; stops at the ends.
    By(isize),
    /// The same, from the last line to the first.
    Around(isize),
    /// To the first line.
    First,
    /// To the last line.
    Last,
}

impl Place {
    /// The line that the cursor is on.
    pub fn cursor(self) -> usize {
        self.cursor
    }

    /// The first line that is shown.
    pub fn top(self) -> usize {
        self.top
    }

    /// The list has changed: the cursor goes to the line that has what it was on, which keeps its place on the screen,
    /// else it stays where it is, as far as there are lines.
    pub fn follow(&mut self, same: Option<usize>, len: usize) {
        match same {
            Some(at) => {
                let offset = self.cursor.saturating_sub(self.top);
                self.cursor = at;
                self.top = at.saturating_sub(offset);
            }
            None => self.cursor = self.cursor.min(len.saturating_sub(1)),
        }
    }

    /// Leaves a line above that of the cursor to be seen: what it stands under, if it is the first of its group.
    pub fn look_up(&mut self) {
        self.top = self.top.min(self.cursor.saturating_sub(1));
    }

    /// Puts the cursor on a line, if there is such a line.
    pub fn go(&mut self, at: usize, len: usize) {
        if at < len {
            self.cursor = at;
        }
    }

    /// Moves the cursor.
    pub fn step(&mut self, step: Step, len: usize) {
        let last = len.saturating_sub(1);
        self.cursor = match step {
            Step::Around(n) if n > 0 && self.cursor == last => 0,
            Step::Around(n) if n < 0 && self.cursor == 0 => last,
            Step::By(n) | Step::Around(n) => self.cursor.saturating_add_signed(n).min(last),
            Step::First => 0,
            Step::Last => last,
        };
    }

    /// Scrolls as little as needed for the cursor to be among `height` lines.
    pub fn settle(&mut self, height: usize, len: usize) {
        let height = height.max(1);
        self.top = self.top.min(len.saturating_sub(height)).min(self.cursor);
        if self.cursor >= self.top + height {
            self.top = self.cursor + 1 - height;
        }
    }
}

impl<K: PartialEq> Listing<K> {
    /// The keys.
    pub fn keys(&self) -> &[K] {
        &self.keys
    }

    /// Where the cursor is.
    pub fn place(&self) -> Place {
        self.place
    }

    /// The line that the cursor is on.
    pub fn cursor(&self) -> usize {
        self.place.cursor
    }

    /// The first line that is shown.
    pub fn top(&self) -> usize {
        self.place.top
    }

    /// What the cursor is on.
    pub fn selected(&self) -> Option<&K> {
        self.keys.get(self.place.cursor)
    }

    /// Takes other keys in; the cursor goes to the line that `same` says is what it was on, which keeps its place on
    /// the screen, else it stays where it is.
    pub fn set(&mut self, keys: Vec<K>, same: impl Fn(&K) -> bool) {
        let found = keys.iter().position(same);
        self.keys = keys;
        self.place.follow(found, self.keys.len());
    }

    /// Puts the cursor on a line, if there is such a line.
    pub fn go(&mut self, at: usize) {
        self.place.go(at, self.keys.len());
    }

    /// Moves the cursor.
    pub fn step(&mut self, step: Step) {
        self.place.step(step, self.keys.len());
    }

    /// Scrolls as little as needed for the cursor to be among `height` lines.
    pub fn settle(&mut self, height: usize) {
        self.place.settle(height, self.keys.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(list: &mut Listing<u32>, keys: impl IntoIterator<Item = u32>) {
        let old = list.selected().copied();
        list.set(keys.into_iter().collect(), |k| Some(*k) == old);
    }

    #[test]
    fn the_cursor_stays_on_the_same_thing_and_place() {
        let mut list = Listing::default();
        set(&mut list, 10..100);
        list.step(Step::By(40));
        list.settle(10);
        assert_eq!((list.selected(), list.top()), (Some(&50), 31));
        set(&mut list, 0..100);
        list.settle(10);
        assert_eq!((list.selected(), list.top()), (Some(&50), 41));
        set(&mut list, 0..20);
        list.settle(10);
        assert_eq!((list.selected(), list.top()), (Some(&19), 10));
        set(&mut list, []);
        list.settle(10);
        assert_eq!((list.selected(), list.top()), (None, 0));
    }

    #[test]
    fn steps_stop_at_the_ends_or_go_around() {
        let mut list = Listing::default();
        set(&mut list, 0..3);
        list.step(Step::By(-1));
        assert_eq!(list.cursor(), 0);
        list.step(Step::Around(-1));
        assert_eq!(list.cursor(), 2);
        list.step(Step::By(9));
        assert_eq!(list.cursor(), 2);
        list.step(Step::Around(1));
        assert_eq!(list.cursor(), 0);
    }
}
