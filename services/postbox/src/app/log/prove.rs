//! Answers about the log, from its tiles. Every proof is verified before it leaves.

use siegel_crypto::b64;
use siegel_log::{
    Hash, TileId, TileSet, WIDTH, consistency_proof, inclusion_proof, root, tiles_for,
    verify_consistency, verify_inclusion,
};
use siegel_receipt::{LogPlace, ReceiptFile};

use super::sequence::{count, object};
use super::{Journal, LogError};
use crate::app::Postbox;
use crate::store::evidence::EvidenceRow;
use crate::store::log::{self, CheckpointRow};

/// Where a leaf stands, and that it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    pub origin: String,
    pub index: i64,
    pub tree_size: i64,
    pub proof: Vec<Hash>,
    /// The signed checkpoint of that size; empty when none was signed then.
    pub checkpoint: String,
}

/// That one tree goes on from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consistency {
    pub from: i64,
    pub to: i64,
    pub proof: Vec<Hash>,
    pub checkpoint: String,
}

impl Postbox {
    /// The newest checkpoint, a signed note.
    pub async fn checkpoint(&self) -> Result<String, LogError> {
        self.journal()?;
        Ok(self.newest().await?.note)
    }

    /// `name+id+key` of the log; `None` when there is none.
    pub fn log_key(&self) -> Option<String> {
        self.journal.as_ref().map(Journal::verifier_key)
    }

    /// The bytes of a tile or entry bundle; `None` when there is none yet.
    pub async fn tile(&self, id: TileId) -> Result<Option<Vec<u8>>, LogError> {
        self.journal()?;
        Ok(self.objects.get(&object(id)).await?)
    }

    /// Proves a leaf, in the tree of `tree_size` leaves; 0 is the newest checkpoint's.
    pub async fn inclusion(&self, leaf: &[u8], tree_size: i64) -> Result<Inclusion, LogError> {
        let origin = self.journal()?.signer.verifier().name().to_owned();
        let newest = self.newest().await?;
        let tree_size = within(tree_size, &newest)?;
        let mut tx = self.db.read().await?;
        let index = log::index_of(&mut tx, leaf).await?;
        let checkpoint = log::checkpoint(&mut tx, tree_size).await?;
        drop(tx);
        let index = index.filter(|at| *at < tree_size).ok_or(LogError::LeafUnknown)?;
        let (at, tree) = (count(index)?, count(tree_size)?);
        let mut wanted = tiles_for(tree, |read| inclusion_proof(at, tree, read));
        wanted.extend(tiles_for(tree, |read| root(tree, read)));
        let tiles = self.read_tiles(&newest, wanted).await?;
        let proof = inclusion_proof(at, tree, &mut |l, i| tiles.node(l, i))?;
        let proof = proof.ok_or(LogError::BeyondEnd)?;
        let top = root_of(&tiles, checkpoint.as_ref(), tree)?;
        verify_inclusion(leaf, at, tree, &proof, &top)?;
        let checkpoint = checkpoint.map(|row| row.note).unwrap_or_default();
        Ok(Inclusion { origin, index, tree_size, proof, checkpoint })
    }

    /// Proves that the tree of `to` leaves (0: the newest) goes on from that of `from`.
    pub async fn consistency(&self, from: i64, to: i64) -> Result<Consistency, LogError> {
        self.journal()?;
        let newest = self.newest().await?;
        let to = within(to, &newest)?;
        let (old, new) = (count(from).map_err(|_| LogError::BeyondEnd)?, count(to)?);
        if old > new {
            return Err(LogError::BeyondEnd);
        }
        let mut wanted = tiles_for(new, |read| consistency_proof(old, new, read));
        wanted
            .extend([old, new].iter().flat_map(|size| tiles_for(*size, |read| root(*size, read))));
        let tiles = self.read_tiles(&newest, wanted).await?;
        let proof = consistency_proof(old, new, &mut |l, i| tiles.node(l, i))?;
        let proof = proof.ok_or(LogError::BeyondEnd)?;
        let mut tx = self.db.read().await?;
        let before = log::checkpoint(&mut tx, from).await?;
        let after = log::checkpoint(&mut tx, to).await?;
        drop(tx);
        let before = root_of(&tiles, before.as_ref(), old)?;
        let top = root_of(&tiles, after.as_ref(), new)?;
        verify_consistency((old, &before), (new, &top), &proof)?;
        let checkpoint = after.map(|row| row.note).unwrap_or_default();
        Ok(Consistency { from, to, proof, checkpoint })
    }

    /// Adds their places to those copies whose entries are under the newest checkpoint. A log that
    /// cannot be read keeps no receipt back: the copy then has no place.
    pub async fn with_places(&self, receipts: &mut [(EvidenceRow, ReceiptFile)]) {
        if self.journal.is_none() {
            return;
        }
        for (row, file) in receipts {
            match self.inclusion(&row.leaf, 0).await {
                Ok(found) => {
                    let place = LogPlace {
                        origin: found.origin,
                        index: found.index.unsigned_abs(),
                        checkpoint: found.checkpoint,
                        proof: found.proof.iter().map(b64::encode).collect(),
                    };
                    file.log = serde_json::to_value(place).ok();
                }
                Err(LogError::LeafUnknown | LogError::BeyondEnd) => {}
                Err(error) => {
                    let _ = siegel_grpc::fault(&error);
                    return;
                }
            }
        }
    }

    fn journal(&self) -> Result<&Journal, LogError> {
        self.journal.as_ref().ok_or(LogError::Off)
    }

    pub(super) async fn newest(&self) -> Result<CheckpointRow, LogError> {
        let mut tx = self.db.read().await?;
        let head = log::head(&mut tx).await?;
        // Before its first checkpoint a log has nothing to say.
        log::checkpoint(&mut tx, head.published).await?.ok_or(LogError::BeyondEnd)
    }

    async fn read_tiles(
        &self,
        newest: &CheckpointRow,
        wanted: Vec<TileId>,
    ) -> Result<TileSet, LogError> {
        let mut tiles = TileSet::default();
        let published = count(newest.size)?;
        for id in wanted {
            // The widest there is: narrower ones may be gone.
            let stored = id.in_tree(published).unwrap_or(id.with_width(WIDTH));
            if tiles.holds(stored) {
                continue;
            }
            let bytes = self.objects.get(&object(stored)).await?;
            tiles.add(stored, &bytes.ok_or(LogError::Broken("a tile is not stored"))?)?;
        }
        Ok(tiles)
    }
}

/// The root of a tree: what was signed, or without a checkpoint of that size what the tiles
/// give.
fn root_of(tiles: &TileSet, signed: Option<&CheckpointRow>, tree: u64) -> Result<Hash, LogError> {
    match signed {
        Some(row) => {
            let hash = row.root.as_slice().try_into();
            hash.map_err(|_| LogError::Broken("a root is not 32 bytes"))
        }
        None => Ok(root(tree, &mut |l, i| tiles.node(l, i))?),
    }
}

fn within(tree_size: i64, newest: &CheckpointRow) -> Result<i64, LogError> {
    match tree_size {
        0 => Ok(newest.size),
        some if (1..=newest.size).contains(&some) => Ok(some),
        _ => Err(LogError::BeyondEnd),
    }
}
