//! Which findings belong together: groups that grow by keys that two of them have in common.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};

use crate::domain::finding::Rung;

/// A key of what makes findings one: wide enough that no two things share one, and seeded anew in each process, so that
/// nobody can prepare two that do.
pub(super) type Key = u128;

/// Makes keys.
#[derive(Default)]
pub(super) struct Keys(RandomState, RandomState);

impl Keys {
    /// The key of a thing.
    pub(super) fn of(&self, thing: &impl Hash) -> Key {
        (u128::from(self.0.hash_one(thing)) << 64) | u128::from(self.1.hash_one(thing))
    }
}

/// Members by number, joined to groups.
pub(super) struct Groups {
    parent: Vec<usize>,
    /// For the first of a group: the weakest rung that joined any two of it.
    rung: Vec<Option<Rung>>,
}

impl Groups {
    /// So many groups of one.
    pub(super) fn new(members: usize) -> Self {
        Self { parent: (0..members).collect(), rung: vec![None; members] }
    }

    /// The first of the group that a member belongs to.
    pub(super) fn first(&mut self, mut member: usize) -> usize {
        while let Some(up) = self.parent.get(member).copied().filter(|up| *up != member) {
            // Halves the path, so that long chains stay cheap.
            let above = self.parent.get(up).copied().unwrap_or(up);
            if let Some(slot) = self.parent.get_mut(member) {
                *slot = above;
            }
            member = above;
        }
        member
    }

    /// As [`first`](Self::first), without shortening the way.
    pub(super) fn first_of(&self, mut member: usize) -> usize {
        while let Some(up) = self.parent.get(member).copied().filter(|up| *up != member) {
            member = up;
        }
        member
    }

    /// Makes one group of two.
    pub(super) fn join(&mut self, a: usize, b: usize, by: Option<Rung>) {
        let (a, b) = (self.first(a), self.first(b));
        let rung = |groups: &Self, at: usize| groups.rung.get(at).copied().flatten();
        let weakest = by.max(rung(self, a)).max(rung(self, b));
        if let Some(slot) = self.rung.get_mut(a.min(b)) {
            *slot = weakest;
        }
        if let Some(slot) = self.parent.get_mut(a.max(b)) {
            *slot = a.min(b);
        }
    }

    /// Joins all members that have a key in common.
    pub(super) fn join_all(&mut self, keyed: impl IntoIterator<Item = (Key, usize)>, by: Option<Rung>) {
        let keyed = keyed.into_iter();
        let hasher = foldhash::fast::RandomState::default();
        let mut first_of: HashMap<Key, usize, _> = HashMap::with_capacity_and_hasher(keyed.size_hint().0, hasher);
        for (key, member) in keyed {
            let first = *first_of.entry(key).or_insert(member);
            if first != member {
                self.join(first, member, by);
            }
        }
    }

    /// The weakest rung that joined any two of the group that begins with a member.
    pub(super) fn joined_by(&self, first: usize) -> Option<Rung> {
        self.rung.get(first).copied().flatten()
    }
}
