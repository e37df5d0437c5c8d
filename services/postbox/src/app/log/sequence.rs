//! Growing the log. Three steps, each harmless to repeat: places are given in the database; tiles
//! that follow from them are written; a checkpoint over what is written is signed and stored.

use siegel_log::{Checkpoint, Edge, TileId, WIDTH, WrittenTile, bundle, leaf_hash};

use super::{Journal, LogError, ROUND};
use crate::app::Postbox;
use crate::store::log::{self, CheckpointRow, HeadRow};

/// A checkpoint whose tiles are stored.
pub struct Draft {
    before: i64,
    edge: Vec<u8>,
    row: CheckpointRow,
}

/// A size of the log as the tree counts it.
pub(super) fn count(size: i64) -> Result<u64, LogError> {
    u64::try_from(size).map_err(|_| LogError::Broken("a size is negative"))
}

/// The object that holds a tile.
pub(super) fn object(id: TileId) -> String {
    format!("log/{id}")
}

impl Postbox {
    /// Gives waiting leaves their places.
    pub async fn assign(&self) -> Result<i64, LogError> {
        let mut tx = self.db.begin().await?;
        let assigned = log::assign(&mut tx, ROUND).await?;
        tx.commit().await?;
        Ok(assigned)
    }

    /// Writes the tiles of the next checkpoint and signs it; `None` when nothing is new. Nothing
    /// names these tiles before [`Postbox::publish`]; written again they have the same bytes.
    pub async fn draft(&self, journal: &Journal) -> Result<Option<Draft>, LogError> {
        let mut tx = self.db.read().await?;
        let head = log::head(&mut tx).await?;
        let last = log::checkpoint(&mut tx, head.published).await?;
        let to = head.assigned.min(head.published.saturating_add(ROUND));
        if to == head.published && last.is_some() {
            return Ok(None);
        }
        let width = i64::try_from(WIDTH).unwrap_or(256);
        let first = head.published / width * width;
        let leaves = log::leaves(&mut tx, first, to).await?;
        drop(tx);
        if i64::try_from(leaves.len()) != Ok(to - first) {
            return Err(LogError::Broken("places are missing in the order of the leaves"));
        }
        let edge = trusted_edge(&head, last.as_ref())?;
        let known = usize::try_from(head.published - first).unwrap_or(0);
        let (edge, tiles) = grow(edge, leaves.get(known..).unwrap_or_default());
        for tile in bundles(count(first)?, &leaves, known)?.into_iter().chain(tiles) {
            self.objects.put(&object(tile.id), tile.bytes).await?;
        }
        let root = edge.root();
        let origin = journal.signer.verifier().name().to_owned();
        let signed = Checkpoint { origin, size: edge.size(), root }.sign(&journal.signer);
        let note = signed.map_err(|_| LogError::Broken("the checkpoint has another name"))?;
        let row = CheckpointRow {
            size: to,
            root: root.to_vec(),
            note: note.to_string(),
            signed_at: self.clock.now(),
        };
        Ok(Some(Draft { before: head.published, edge: edge.to_bytes(), row }))
    }

    /// Makes a checkpoint the newest; `false` when another was published since it was drafted.
    pub async fn publish(&self, draft: &Draft) -> Result<bool, LogError> {
        let mut tx = self.db.begin().await?;
        if !log::publish(&mut tx, draft.before, &draft.edge, &draft.row).await? {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }
}

/// The edge of the tree, if it is the one that was signed last: nothing else is ever gone on from.
fn trusted_edge(head: &HeadRow, last: Option<&CheckpointRow>) -> Result<Edge, LogError> {
    const OTHER: LogError = LogError::Broken("the edge is not that of the newest checkpoint");
    let edge = Edge::from_bytes(count(head.published)?, &head.edge).map_err(|_| OTHER)?;
    let fits = last.map_or(head.published == 0, |row| row.root == edge.root());
    if fits { Ok(edge) } else { Err(OTHER) }
}

/// Appends leaves; the tiles that changed.
fn grow(mut edge: Edge, leaves: &[Vec<u8>]) -> (Edge, Vec<WrittenTile>) {
    let before = edge.size();
    let mut tiles = Vec::new();
    for leaf in leaves {
        tiles.extend(edge.append(leaf_hash(leaf)));
    }
    let changed = edge.partial_tiles().into_iter();
    tiles.extend(changed.filter(|tile| tile.id.in_tree(before) != Some(tile.id)));
    (edge, tiles)
}

/// The entry bundles of `leaves`, which stand from `first` on and of which `known` are old.
fn bundles(first: u64, leaves: &[Vec<u8>], known: usize) -> Result<Vec<WrittenTile>, LogError> {
    if known == leaves.len() {
        return Ok(Vec::new());
    }
    let written = (first / WIDTH as u64..).zip(leaves.chunks(WIDTH)).map(|(index, entries)| {
        let bytes = bundle(entries).ok_or(LogError::Broken("a leaf is too long"))?;
        Ok(WrittenTile { id: TileId::Entries { index, width: entries.len() }, bytes })
    });
    written.collect()
}
