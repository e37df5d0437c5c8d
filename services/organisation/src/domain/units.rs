//! The units of an organisation are a tree.

use std::collections::HashMap;

use siegel_kernel::typed_id;

typed_id! {
    /// A unit of an organisation.
    UnitId = "unt", random
}

/// Most units of one organisation.
pub const MOST_UNITS: usize = 1_000;
/// Most steps from the organisation to a unit.
pub const DEEPEST: usize = 8;

/// A unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    pub id: UnitId,
    pub name: String,
    /// `None`: directly below the organisation.
    pub parent: Option<UnitId>,
}

/// Why a unit cannot be where it should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misplaced {
    UnknownParent,
    Cycle,
    TooDeep,
}

/// Whether a unit (`None`: a new one) may be placed below `parent`.
/// # Errors
/// A parent that is not there, that is below the unit itself, or a tree deeper than [`DEEPEST`].
pub fn place(
    units: &[Unit],
    moved: Option<UnitId>,
    parent: Option<UnitId>,
) -> Result<(), Misplaced> {
    let parents: HashMap<UnitId, Option<UnitId>> = units.iter().map(|u| (u.id, u.parent)).collect();
    let mut above = 0;
    let mut next = parent;
    while let Some(id) = next {
        if Some(id) == moved {
            return Err(Misplaced::Cycle);
        }
        next = *parents.get(&id).ok_or(Misplaced::UnknownParent)?;
        above += 1;
        // A circle in what is stored would go on for ever.
        if above >= DEEPEST {
            return Err(Misplaced::TooDeep);
        }
    }
    let below = moved.map_or(0, |id| height(units, id, DEEPEST));
    if above + 1 + below > DEEPEST { Err(Misplaced::TooDeep) } else { Ok(()) }
}

/// Steps from a unit to the deepest one below it, at most `most`.
fn height(units: &[Unit], of: UnitId, most: usize) -> usize {
    if most == 0 {
        return 0;
    }
    let children = units.iter().filter(|u| u.parent == Some(of));
    children.map(|u| 1 + height(units, u.id, most - 1)).max().unwrap_or(0)
}

/// Parents before their children, by name.
pub fn in_order(mut units: Vec<Unit>) -> Vec<Unit> {
    units.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    let mut ordered = Vec::with_capacity(units.len());
    let mut next = vec![None];
    while let Some(parent) = next.pop() {
        let children: Vec<_> = units.iter().filter(|u| u.parent == parent).cloned().collect();
        next.extend(children.iter().rev().map(|u| Some(u.id)));
        ordered.extend(children);
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> UnitId {
        UnitId::from_uuid(siegel_kernel::__private::uuid::Uuid::from_u128(n))
    }

    fn unit(n: u128, parent: Option<u128>) -> Unit {
        Unit { id: id(n), name: format!("{n}"), parent: parent.map(id) }
    }

    #[test]
    fn a_unit_is_never_placed_below_itself_or_its_own_children() {
        let units = [unit(1, None), unit(2, Some(1)), unit(3, Some(2))];
        for below in [1, 2, 3] {
            assert_eq!(place(&units, Some(id(1)), Some(id(below))), Err(Misplaced::Cycle));
        }
        assert_eq!(place(&units, Some(id(3)), Some(id(1))), Ok(()));
        assert_eq!(place(&units, Some(id(3)), None), Ok(()));
    }

    #[test]
    fn a_parent_that_is_not_there_is_refused() {
        assert_eq!(place(&[unit(1, None)], None, Some(id(9))), Err(Misplaced::UnknownParent));
    }

    #[test]
    fn a_tree_is_at_most_eight_deep_also_when_a_branch_moves() {
        let chain: Vec<_> = (1..=8).map(|n| unit(n, (n > 1).then(|| n - 1))).collect();
        assert_eq!(place(&chain, None, Some(id(7))), Ok(()));
        assert_eq!(place(&chain, None, Some(id(8))), Err(Misplaced::TooDeep));
        let two: Vec<_> = chain.into_iter().chain([unit(10, None), unit(11, Some(10))]).collect();
        assert_eq!(place(&two, Some(id(10)), Some(id(6))), Ok(()));
        assert_eq!(place(&two, Some(id(10)), Some(id(7))), Err(Misplaced::TooDeep));
    }

    #[test]
    fn parents_come_before_their_children_and_none_is_lost() {
        let units = vec![unit(3, Some(1)), unit(2, None), unit(1, None), unit(4, Some(3))];
        let ordered: Vec<_> = in_order(units).into_iter().map(|u| u.id).collect();
        assert_eq!(ordered.len(), 4);
        let place = |n| ordered.iter().position(|u| *u == id(n)).unwrap();
        assert!(place(1) < place(3) && place(3) < place(4));
    }
}
