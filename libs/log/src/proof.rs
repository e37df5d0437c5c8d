//! Inclusion and consistency (RFC 9162 §2.1.3, §2.1.4).

use crate::hash::{Hash, empty_root, leaf_hash, node_hash, split};

/// A complete subtree that a proof needs and the reader does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the node {index} at height {level} of the tree is not there")]
pub struct MissingNode {
    pub level: u32,
    pub index: u64,
}

/// A proof does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadProof {
    #[error("the index or a size lies outside the tree")]
    OutOfRange,
    #[error("the proof has not the length that the tree asks for")]
    Length,
    #[error("the proof leads to another root")]
    OtherRoot,
}

/// Reads the root of the complete subtree over the leaves `index << level ..= (index + 1) << level - 1`.
type Read<'a> = dyn FnMut(u32, u64) -> Option<Hash> + 'a;

/// The root of the first `size` leaves.
pub fn root(size: u64, read: &mut Read<'_>) -> Result<Hash, MissingNode> {
    if size == 0 { Ok(empty_root()) } else { subtree(0, size, read) }
}

/// Proves that the leaf `index` is in the tree of `size` leaves; from the leaf upwards.
pub fn inclusion_proof(
    index: u64,
    size: u64,
    read: &mut Read<'_>,
) -> Result<Option<Vec<Hash>>, MissingNode> {
    if index >= size {
        return Ok(None);
    }
    let (mut low, mut high, mut path) = (0, size, Vec::new());
    while high - low > 1 {
        let middle = low + split(high - low);
        if index < middle {
            path.push(subtree(middle, high, read)?);
            high = middle;
        } else {
            path.push(subtree(low, middle, read)?);
            low = middle;
        }
    }
    path.reverse();
    Ok(Some(path))
}

/// Proves that the tree of `from` leaves is the beginning of that of `to` leaves. `None` for sizes
/// the wrong way round; empty for equal ones and for nothing.
pub fn consistency_proof(
    from: u64,
    to: u64,
    read: &mut Read<'_>,
) -> Result<Option<Vec<Hash>>, MissingNode> {
    if from > to {
        return Ok(None);
    }
    if from == to || from == 0 {
        return Ok(Some(Vec::new()));
    }
    let (mut low, mut high, mut whole, mut path) = (0, to, true, Vec::new());
    while from != high {
        let middle = low + split(high - low);
        if from <= middle {
            path.push(subtree(middle, high, read)?);
            high = middle;
        } else {
            path.push(subtree(low, middle, read)?);
            low = middle;
            whole = false;
        }
    }
    if !whole {
        path.push(subtree(low, high, read)?);
    }
    path.reverse();
    Ok(Some(path))
}

/// The root over the leaves `low..high`, where `low` is a multiple of the next power of two.
fn subtree(low: u64, high: u64, read: &mut Read<'_>) -> Result<Hash, MissingNode> {
    let size = high - low;
    if size.is_power_of_two() {
        let level = size.trailing_zeros();
        let index = low >> level;
        return read(level, index).ok_or(MissingNode { level, index });
    }
    let middle = low + split(size);
    Ok(node_hash(&subtree(low, middle, read)?, &subtree(middle, high, read)?))
}

/// Verifies that `entry` is the leaf `index` of the tree of `size` leaves with this root
/// (RFC 9162 §2.1.3.2).
pub fn verify_inclusion(
    entry: &[u8],
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), BadProof> {
    if index >= size {
        return Err(BadProof::OutOfRange);
    }
    let (mut place, mut last) = (index, size - 1);
    let mut found = leaf_hash(entry);
    for step in proof {
        if last == 0 {
            return Err(BadProof::Length);
        }
        if place & 1 == 1 || place == last {
            found = node_hash(step, &found);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            found = node_hash(&found, step);
        }
        place >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(BadProof::Length);
    }
    if found == *root { Ok(()) } else { Err(BadProof::OtherRoot) }
}

/// Verifies that the tree of `from` leaves with the root `old` is the beginning of that of `to`
/// leaves with the root `new` (RFC 9162 §2.1.4.2).
pub fn verify_consistency(
    (from, old): (u64, &Hash),
    (to, new): (u64, &Hash),
    proof: &[Hash],
) -> Result<(), BadProof> {
    if from > to {
        return Err(BadProof::OutOfRange);
    }
    if from == to || from == 0 {
        let same = from == 0 && *old == empty_root() || from == to && old == new;
        return match (proof, same) {
            ([], true) => Ok(()),
            ([], false) => Err(BadProof::OtherRoot),
            _ => Err(BadProof::Length),
        };
    }
    let (first, rest) = if from.is_power_of_two() {
        (old, proof)
    } else {
        proof.split_first().ok_or(BadProof::Length)?
    };
    if rest.is_empty() {
        return Err(BadProof::Length);
    }
    let (mut place, mut last) = (from - 1, to - 1);
    while place & 1 == 1 {
        place >>= 1;
        last >>= 1;
    }
    let (mut old_found, mut new_found) = (*first, *first);
    for step in rest {
        if last == 0 {
            return Err(BadProof::Length);
        }
        if place & 1 == 1 || place == last {
            old_found = node_hash(step, &old_found);
            new_found = node_hash(step, &new_found);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            new_found = node_hash(&new_found, step);
        }
        place >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(BadProof::Length);
    }
    if old_found == *old && new_found == *new { Ok(()) } else { Err(BadProof::OtherRoot) }
}
