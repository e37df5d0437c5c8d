//! An append-only log that its operator cannot rewrite unseen: the Merkle tree of RFC 9162, kept
//! in tiles (C2SP `tlog-tiles`), its head in signed notes (C2SP `signed-note`, `tlog-checkpoint`,
//! `tlog-cosignature`). Pure: whoever calls reads and writes the bytes.

mod checkpoint;
mod cosignature;
mod edge;
mod hash;
mod note;
mod policy;
mod proof;
mod tile;

pub use checkpoint::{BadCheckpoint, Checkpoint};
pub use cosignature::{Witness, cosign};
pub use edge::{BadEdge, Edge, WrittenTile};
pub use hash::{Hash, empty_root, leaf_hash, node_hash};
pub use note::{BadKey, BadNote, NoteSigner, NoteVerifier, Signature, SignedNote, valid_key_name};
pub use policy::{BadPolicy, Policy};
pub use proof::{
    BadProof, MissingNode, consistency_proof, inclusion_proof, root, verify_consistency,
    verify_inclusion,
};
pub use tile::{BadTile, ENTRIES, HEIGHT, TileId, TileSet, WIDTH, bundle, tiles_for};
