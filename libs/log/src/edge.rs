use crate::hash::{Hash, empty_root, fold};
use crate::tile::{HEIGHT, TileId, WIDTH};

/// The right edge of a growing tree: the hashes of the last, incomplete tile of each level, from
/// the leaves upwards. All that appending needs: at most 255 hashes for each eighth of the height.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    levels: Vec<Vec<Hash>>,
}

/// A tile as it is stored: its hashes one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenTile {
    pub id: TileId,
    pub bytes: Vec<u8>,
}

/// Stored bytes that are no edge of this size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored edge does not belong to a tree of its size")]
pub struct BadEdge;

impl Edge {
    /// Leaves so far.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf's hash; the tiles that are complete with it.
    pub fn append(&mut self, leaf: Hash) -> Vec<WrittenTile> {
        let mut full = Vec::new();
        let mut carry = Some(leaf);
        let mut level = 0_u8;
        while let Some(hash) = carry.take() {
            let index = self.size >> (u32::from(level) * HEIGHT) >> HEIGHT;
            if self.levels.len() <= usize::from(level) {
                self.levels.push(Vec::new());
            }
            let Some(tile) = self.levels.get_mut(usize::from(level)) else { break };
            tile.push(hash);
            if tile.len() == WIDTH {
                let id = TileId::Hashes { level, index, width: WIDTH };
                full.push(WrittenTile { id, bytes: tile.concat() });
                carry = fold(tile);
                tile.clear();
                level += 1;
            }
        }
        self.size += 1;
        full
    }

    /// The tiles that are not complete, as they stand now.
    pub fn partial_tiles(&self) -> Vec<WrittenTile> {
        let levels = self.levels.iter().enumerate().filter(|(_, tile)| !tile.is_empty());
        let written = levels.filter_map(|(level, tile)| {
            let level = u8::try_from(level).ok()?;
            let index = self.size >> (u32::from(level) * HEIGHT) >> HEIGHT;
            let id = TileId::Hashes { level, index, width: tile.len() };
            Some(WrittenTile { id, bytes: tile.concat() })
        });
        written.collect()
    }

    /// The root of the whole tree.
    pub fn root(&self) -> Hash {
        let mut carry: Option<Hash> = None;
        for tile in &self.levels {
            let units: Vec<Hash> = tile.iter().copied().chain(carry).collect();
            carry = fold(&units);
        }
        carry.unwrap_or_else(empty_root)
    }

    /// The hashes of all levels, one after the other: with the size all that is needed to go on.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.levels.iter().flatten().flatten().copied().collect()
    }

    /// Reads what [`Edge::to_bytes`] wrote at this size.
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Result<Self, BadEdge> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        let mut hashes = hashes.iter().copied();
        let (mut levels, mut left) = (Vec::new(), size);
        while left > 0 {
            let width = usize::try_from(left % WIDTH as u64).map_err(|_| BadEdge)?;
            let tile: Vec<Hash> = hashes.by_ref().take(width).collect();
            if tile.len() != width {
                return Err(BadEdge);
            }
            levels.push(tile);
            left >>= HEIGHT;
        }
        if hashes.next().is_some() || !rest.is_empty() {
            return Err(BadEdge);
        }
        Ok(Self { size, levels })
    }
}
