use siegel_crypto::Sha256;

/// The hash of a leaf, a node or a tree.
pub type Hash = [u8; 32];

/// SHA-256(0x00 ‖ entry), RFC 9162 §2.1.1.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update(&[0]);
    hash.update(entry);
    hash.finish()
}

/// SHA-256(0x01 ‖ left ‖ right), RFC 9162 §2.1.1.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut hash = Sha256::new();
    hash.update(&[1]);
    hash.update(left);
    hash.update(right);
    hash.finish()
}

/// The root of a tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    siegel_crypto::sha256(&[])
}

/// Folds the roots of neighbouring subtrees of one size, of which the last may be smaller;
/// `None` for no subtree.
pub(crate) fn fold(roots: &[Hash]) -> Option<Hash> {
    match roots {
        [] => None,
        [one] => Some(*one),
        more => {
            let (left, right) = more.split_at_checked(more.len().next_power_of_two() / 2)?;
            Some(node_hash(&fold(left)?, &fold(right)?))
        }
    }
}

/// The largest power of two below `n`, for `n` ≥ 2.
pub(crate) const fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_splits_at_the_largest_power_of_two_below_its_size() {
        assert_eq!([2, 3, 4, 5, 8, 9].map(split), [1, 2, 2, 4, 4, 8]);
    }
}
