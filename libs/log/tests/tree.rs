//! The tree: published vectors, and every proof of every small tree.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::cell::RefCell;
use std::collections::BTreeMap;

use siegel_log::{
    BadProof, Edge, Hash, TileId, TileSet, consistency_proof, empty_root, inclusion_proof,
    leaf_hash, node_hash, root, tiles_for, verify_consistency, verify_inclusion,
};

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

fn hashes(texts: &[&str]) -> Vec<Hash> {
    texts.iter().map(|t| hex(t).try_into().unwrap()).collect()
}

const LARGE: [u64; 8] = [511, 512, 65_535, 65_536, 65_537, 65_800, 66_000, 70_000];

/// A log in memory, its tiles as they would be stored.
#[derive(Default)]
struct Log {
    edge: Edge,
    /// By size; of large trees only those of [`LARGE`].
    roots: BTreeMap<u64, Hash>,
    tiles: TileSet,
    /// Nodes that were read before.
    known: RefCell<BTreeMap<(u32, u64), Hash>>,
}

impl Log {
    fn of(entries: &[Vec<u8>]) -> Self {
        let mut log = Self { roots: BTreeMap::from([(0, empty_root())]), ..Self::default() };
        for entry in entries {
            for tile in log.edge.append(leaf_hash(entry)) {
                log.tiles.add(tile.id, &tile.bytes).unwrap();
            }
            let size = log.edge.size();
            if size <= 300 || LARGE.contains(&size) {
                log.roots.insert(size, log.edge.root());
            }
        }
        for tile in log.edge.partial_tiles() {
            log.tiles.add(tile.id, &tile.bytes).unwrap();
        }
        log
    }

    fn node(&self, level: u32, index: u64) -> Option<Hash> {
        let known = self.known.borrow().get(&(level, index)).copied();
        let found = known.or_else(|| self.tiles.node(level, index))?;
        self.known.borrow_mut().insert((level, index), found);
        Some(found)
    }

    fn inclusion(&self, index: u64, size: u64) -> Vec<Hash> {
        inclusion_proof(index, size, &mut |l, i| self.node(l, i)).unwrap().unwrap()
    }

    fn consistency(&self, from: u64, to: u64) -> Vec<Hash> {
        consistency_proof(from, to, &mut |l, i| self.node(l, i)).unwrap().unwrap()
    }
}

/// The eight entries of the tests of Certificate Transparency
/// (google/certificate-transparency, `merkletree/merkle_tree_test.cc`).
fn published() -> Vec<Vec<u8>> {
    let entries = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"];
    let last = ["606162636465666768696a6b6c6d6e6f"];
    entries.iter().chain(&last).map(|e| hex(e)).collect()
}

fn numbered(count: u64) -> Vec<Vec<u8>> {
    (0..count).map(|n| n.to_be_bytes().to_vec()).collect()
}

#[test]
fn the_roots_are_those_of_the_tests_of_certificate_transparency() {
    let expected = hashes(&[
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]);
    assert_eq!(Log::of(&published()).roots.into_values().collect::<Vec<_>>(), expected);
}

#[test]
fn the_proofs_are_those_of_the_tests_of_certificate_transparency() {
    let second_pair = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
    let fifth = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
    let fourth_pair = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
    let first_half = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7";
    let second = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
    let second_half = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
    let third_pair = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";
    let first = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
    let two = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125";
    let log = Log::of(&published());
    assert_eq!(log.inclusion(0, 1), hashes(&[]));
    assert_eq!(log.inclusion(0, 8), hashes(&[second, second_pair, second_half]));
    assert_eq!(log.inclusion(5, 8), hashes(&[fifth, fourth_pair, first_half]));
    assert_eq!(log.inclusion(2, 3), hashes(&[two]));
    assert_eq!(log.inclusion(1, 5), hashes(&[first, second_pair, fifth]));
    assert_eq!(log.consistency(1, 1), hashes(&[]));
    assert_eq!(log.consistency(1, 8), hashes(&[second, second_pair, second_half]));
    assert_eq!(log.consistency(6, 8), hashes(&[third_pair, fourth_pair, first_half]));
    assert_eq!(log.consistency(2, 5), hashes(&[second_pair, fifth]));
}

#[test]
fn every_inclusion_proof_up_to_300_leaves_holds_and_no_altered_one_does() {
    let entries = numbered(300);
    let log = Log::of(&entries);
    for size in 1..=300_u64 {
        let root = &log.roots[&size];
        for (index, entry) in (0..size).zip(&entries) {
            let proof = log.inclusion(index, size);
            let check = |entry: &[u8], index, size, proof: &[Hash], root: &Hash| {
                verify_inclusion(entry, index, size, proof, root)
            };
            assert_eq!(check(entry, index, size, &proof, root), Ok(()), "{index} of {size}");
            if (size + index) % 7 != 0 {
                continue; // every proof is made and holds; a seventh is bent
            }
            assert!(check(b"other", index, size, &proof, root).is_err());
            assert!(check(entry, index, size, &proof, &[1; 32]).is_err());
            assert!(check(entry, size, size, &proof, root).is_err());
            let mut longer = proof.clone();
            longer.push([0; 32]);
            assert!(check(entry, index, size, &longer, root).is_err());
            if index + 1 < size {
                assert!(check(entry, index + 1, size, &proof, root).is_err());
            }
            for at in 0..proof.len() {
                let mut bent = proof.clone();
                bent[at][31] ^= 1;
                assert_eq!(check(entry, index, size, &bent, root), Err(BadProof::OtherRoot));
                bent.remove(at);
                assert!(check(entry, index, size, &bent, root).is_err());
            }
        }
    }
}

#[test]
fn every_consistency_proof_up_to_300_leaves_holds_and_no_altered_one_does() {
    let log = Log::of(&numbered(300));
    let at = |size: u64| (size, &log.roots[&size]);
    for to in 0..=300 {
        for from in 0..=to {
            let proof = log.consistency(from, to);
            assert_eq!(verify_consistency(at(from), at(to), &proof), Ok(()), "{from} to {to}");
            if (from + to) % 7 != 0 {
                continue;
            }
            if from > 0 {
                assert!(verify_consistency((from, &[1; 32]), at(to), &proof).is_err());
            }
            if from > 0 && from < to {
                assert!(verify_consistency(at(from), (to, &[1; 32]), &proof).is_err());
            }
            let mut longer = proof.clone();
            longer.push([0; 32]);
            assert!(verify_consistency(at(from), at(to), &longer).is_err());
            for place in 0..proof.len() {
                let mut bent = proof.clone();
                bent[place][0] ^= 1;
                assert!(verify_consistency(at(from), at(to), &bent).is_err());
                bent.remove(place);
                assert!(verify_consistency(at(from), at(to), &bent).is_err());
            }
        }
    }
    assert_eq!(verify_consistency(at(3), at(2), &[]), Err(BadProof::OutOfRange));
}

#[test]
fn a_forked_tree_is_not_consistent_with_the_first() {
    let mut entries = numbered(20);
    let first = Log::of(&entries);
    entries[3] = b"rewritten".to_vec();
    entries.push(b"more".to_vec());
    let forked = Log::of(&entries);
    let proof = forked.consistency(20, 21);
    let verdict = verify_consistency((20, &first.roots[&20]), (21, &forked.roots[&21]), &proof);
    assert_eq!(verdict, Err(BadProof::OtherRoot));
}

#[test]
fn a_tree_of_several_tiles_has_the_root_of_its_definition() {
    // RFC 9162 §2.1.1, word by word.
    fn defined(entries: &[Vec<u8>]) -> Hash {
        match entries {
            [] => empty_root(),
            [one] => leaf_hash(one),
            more => {
                let (left, right) = more.split_at(more.len().next_power_of_two() / 2);
                node_hash(&defined(left), &defined(right))
            }
        }
    }
    let entries = numbered(66_000);
    let log = Log::of(&entries);
    for size in LARGE.into_iter().filter(|size| *size <= 66_000) {
        let first = &entries[..usize::try_from(size).unwrap()];
        assert_eq!(log.roots[&size], defined(first), "{size}");
    }
    let read = root(66_000, &mut |l, i| log.tiles.node(l, i)).unwrap();
    assert_eq!(read, log.roots[&66_000]);
}

#[test]
fn the_tiles_named_for_a_proof_are_enough_for_it_and_lie_in_the_tree() {
    let entries = numbered(70_000);
    let log = Log::of(&entries);
    for index in [0, 255, 256, 65_535, 65_536, 69_999] {
        let wanted = tiles_for(70_000, |read| inclusion_proof(index, 70_000, read));
        assert!(wanted.len() <= 6, "{wanted:?}");
        let mut few = TileSet::default();
        for id in wanted {
            let TileId::Hashes { level, index, width } = id else { unreachable!() };
            let hashes: Vec<Hash> = ((index << 8)..)
                .take(width)
                .map(|at| log.tiles.node(u32::from(level) * 8, at).unwrap())
                .collect();
            few.add(id, &hashes.concat()).unwrap();
        }
        let proof = inclusion_proof(index, 70_000, &mut |l, i| few.node(l, i)).unwrap().unwrap();
        let entry = &entries[usize::try_from(index).unwrap()];
        verify_inclusion(entry, index, 70_000, &proof, &log.roots[&70_000]).unwrap();
    }
}

#[test]
fn an_edge_goes_on_from_its_bytes_and_refuses_those_of_another_size() {
    let mut edge = Edge::default();
    for entry in numbered(1_000) {
        let again = Edge::from_bytes(edge.size(), &edge.to_bytes()).unwrap();
        assert_eq!(again, edge);
        edge.append(leaf_hash(&entry));
    }
    assert!(Edge::from_bytes(999, &edge.to_bytes()).is_err());
    assert!(Edge::from_bytes(1_000, &edge.to_bytes()[1..]).is_err());
}
