//! Who sits where: the seats of one rule, filled by distinct people as far as that is possible.

use crate::domain::ids::Principal;

/// One rule, with who fills its seats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTally {
    /// The rule's name.
    pub rule: String,
    /// Its seats, in the file's order.
    pub seats: Vec<Seat>,
}

/// One seat: somebody in a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// The role.
    pub role: String,
    /// Who sits there.
    pub by: Option<Principal>,
    /// Who lent that person the role.
    pub lent_by: Option<Principal>,
}

impl RuleTally {
    /// Whether every seat is taken.
    pub fn is_full(&self) -> bool {
        !self.seats.is_empty() && self.seats.iter().all(|s| s.by.is_some())
    }
}

/// Somebody who may sit.
pub(super) struct Sitter<'a> {
    pub principal: &'a Principal,
    /// The roles that are one's own.
    pub own: &'a [String],
    /// Roles that somebody else lent.
    pub lent: Option<(&'a Principal, &'a [String])>,
}

/// More loans than this are handed out in order, not in the best way: each one doubles the ways.
const MOST_WAYS: usize = 8;

/// Fills as many seats as possible, with as few loans as possible. A role is lent to one person only.
pub(super) fn fill(mut seats: Vec<Seat>, people: &[Sitter<'_>]) -> Vec<Seat> {
    // Only loans that give a seat which is not one's own already.
    let gives = |p: &Sitter<'_>| {
        let lent = p.lent.map(|(_, roles)| roles).unwrap_or_default();
        seats.iter().any(|s| lent.contains(&s.role) && !p.own.contains(&s.role))
    };
    let lenders: Vec<usize> = (0..people.len()).filter(|p| people.get(*p).is_some_and(gives)).collect();
    let mut ways: Vec<Vec<usize>> = vec![Vec::new()];
    for (n, person) in lenders.iter().enumerate() {
        let from = |p: &usize| people.get(*p).and_then(|p| p.lent).map(|(from, _)| from);
        let is_free = |way: &Vec<usize>| way.iter().all(|p| from(p) != from(person));
        if n >= MOST_WAYS {
            ways.iter_mut().filter(|way| is_free(way)).for_each(|way| way.push(*person));
        } else {
            let with = ways.iter().filter(|way| is_free(way)).map(|way| [way.as_slice(), &[*person]].concat());
            ways.extend(with.collect::<Vec<_>>());
        }
    }
    ways.sort_by_key(Vec::len);
    let as_role = |person: usize, lent: bool, role: &str| {
        let p = people.get(person)?;
        if p.own.iter().any(|r| r == role) {
            return Some(None);
        }
        p.lent.filter(|(_, roles)| lent && roles.iter().any(|r| r == role)).map(|(from, _)| Some(from))
    };
    let mut best: Option<(usize, Vec<usize>, Vec<Option<usize>>)> = None;
    for way in ways {
        let fit = |p: usize| seats.iter().map(|s| as_role(p, way.contains(&p), &s.role).is_some()).collect();
        let fits: Vec<Vec<bool>> = (0..people.len()).map(fit).collect();
        let taken = assign(seats.len(), &fits);
        let filled = taken.iter().flatten().count();
        if best.as_ref().is_none_or(|(most, ..)| filled > *most) {
            best = Some((filled, way, taken));
        }
    }
    let Some((_, way, taken)) = best else { return seats };
    for (seat, person) in seats.iter_mut().zip(taken) {
        let Some(p) = person else { continue };
        let Some(lent_by) = as_role(p, way.contains(&p), &seat.role) else { continue };
        seat.by = people.get(p).map(|p| p.principal.clone());
        seat.lent_by = lent_by.cloned();
    }
    seats
}

/// Fills as many seats as possible. `fits[person][seat]`; gives the person of each seat.
///
/// Greedy would waste people: who could sit anywhere takes the only seat of somebody else. So whoever sits already is
/// asked to move (augmenting paths); a seat once filled stays filled, so that those first in the file come first.
pub(super) fn assign(seats: usize, fits: &[Vec<bool>]) -> Vec<Option<usize>> {
    let mut taken: Vec<Option<usize>> = vec![None; seats];
    for seat in 0..seats {
        let mut asked = vec![false; fits.len()];
        place(seat, fits, &mut taken, &mut asked);
    }
    taken
}

/// Finds somebody for a seat: who is free, or who can be replaced where they sit.
fn place(seat: usize, fits: &[Vec<bool>], taken: &mut [Option<usize>], asked: &mut [bool]) -> bool {
    for person in 0..fits.len() {
        let fit = fits.get(person).and_then(|f| f.get(seat)).copied().unwrap_or_default();
        if !fit || asked.get(person).copied().unwrap_or(true) {
            continue;
        }
        if let Some(mark) = asked.get_mut(person) {
            *mark = true;
        }
        let sits = taken.iter().position(|t| *t == Some(person));
        // Whoever sits may come here only if somebody else takes the place that is left.
        let free = sits.is_none_or(|old| place(old, fits, taken, asked));
        if free {
            if let Some(place) = taken.get_mut(seat) {
                *place = Some(person);
            }
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(seats: usize, fits: &[&[usize]]) -> usize {
        let fits: Vec<Vec<bool>> = fits.iter().map(|f| (0..seats).map(|s| f.contains(&s)).collect()).collect();
        let taken = assign(seats, &fits);
        let people: Vec<usize> = taken.iter().flatten().copied().collect();
        let distinct: std::collections::BTreeSet<usize> = people.iter().copied().collect();
        assert_eq!(people.len(), distinct.len(), "nobody sits twice: {taken:?}");
        for (seat, person) in taken.iter().enumerate() {
            assert!(person.is_none_or(|p| fits[p][seat]), "{taken:?}");
        }
        people.len()
    }

    #[test]
    fn whoever_can_sit_anywhere_makes_room() {
        assert_eq!(filled(2, &[&[0, 1], &[0]]), 2);
        assert_eq!(filled(2, &[&[0, 1], &[1]]), 2);
        assert_eq!(filled(3, &[&[0, 1], &[0, 2], &[0]]), 3);
        assert_eq!(filled(2, &[&[0, 1]]), 1, "one person, one seat");
        assert_eq!(filled(2, &[&[0], &[0]]), 1);
        assert_eq!(filled(1, &[&[0], &[0]]), 1);
        assert_eq!(filled(2, &[]), 0);
        // A chain: each has to move once.
        assert_eq!(filled(4, &[&[0, 1], &[1, 2], &[2, 3], &[0]]), 4);
    }

    #[test]
    fn as_many_as_the_best_of_all_ways_fill() {
        /// The best by trying everything.
        fn best(seat: usize, seats: usize, fits: &[Vec<bool>], used: u32) -> usize {
            if seat == seats {
                return 0;
            }
            let skip = best(seat + 1, seats, fits, used);
            let taken = (0..fits.len())
                .filter(|p| fits[*p][seat] && used & (1 << p) == 0)
                .map(|p| 1 + best(seat + 1, seats, fits, used | (1 << p)))
                .max();
            skip.max(taken.unwrap_or_default())
        }
        // Every table of three people and three seats.
        for bits in 0_u32..512 {
            let fits: Vec<Vec<bool>> =
                (0..3).map(|p| (0..3).map(|s| bits & (1 << (p * 3 + s)) != 0).collect()).collect();
            let got = assign(3, &fits).iter().flatten().count();
            assert_eq!(got, best(0, 3, &fits, 0), "{fits:?}");
        }
    }
}
