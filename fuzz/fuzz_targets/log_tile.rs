//! A path or content of a tile from outside never panics, and a path has one spelling.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siegel_log::{Edge, TileId, TileSet, inclusion_proof, tiles_for};

fuzz_target!(|input: (&str, &[u8], u64, u64)| {
    let (path, bytes, index, size) = input;
    if let Ok(id) = TileId::parse(path) {
        assert_eq!(id.to_string(), path);
        let mut tiles = TileSet::default();
        let _ = tiles.add(id, bytes);
        let _ = TileSet::entries(id, bytes);
        let _ = inclusion_proof(index, size, &mut |level, at| tiles.node(level, at));
        let _ = id.in_tree(size);
    }
    if let Ok(edge) = Edge::from_bytes(size, bytes) {
        assert_eq!(edge.to_bytes(), bytes);
    }
    assert!(tiles_for(size, |read| inclusion_proof(index, size, read)).len() <= 24);
});
