//! Tiles: the tree in files that never change (C2SP `tlog-tiles`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::hash::{Hash, fold};
use crate::proof::MissingNode;

/// Levels of the tree in one tile.
pub const HEIGHT: u32 = 8;
/// Hashes in a full tile.
pub const WIDTH: usize = 256;
/// The folder of entry bundles.
pub const ENTRIES: &str = "entries";

/// The name of a tile or of an entry bundle; `width` is 1 to [`WIDTH`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileId {
    /// Hashes of height `8 * level`.
    Hashes { level: u8, index: u64, width: usize },
    /// The entries themselves.
    Entries { index: u64, width: usize },
}

/// A path or content that is none of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTile {
    #[error("not the path of a tile")]
    Path,
    #[error("the tile has not the length its name says")]
    Length,
}

impl TileId {
    pub const fn width(&self) -> usize {
        match self {
            Self::Hashes { width, .. } | Self::Entries { width, .. } => *width,
        }
    }

    pub const fn index(&self) -> u64 {
        match self {
            Self::Hashes { index, .. } | Self::Entries { index, .. } => *index,
        }
    }

    /// The same place with another width.
    #[must_use]
    pub const fn with_width(self, width: usize) -> Self {
        match self {
            Self::Hashes { level, index, .. } => Self::Hashes { level, index, width },
            Self::Entries { index, .. } => Self::Entries { index, width },
        }
    }

    /// The widest tile at this place in a tree of `size` leaves; `None` when there is none yet.
    pub fn in_tree(self, size: u64) -> Option<Self> {
        let level = match self {
            Self::Hashes { level, .. } => u32::from(level),
            Self::Entries { .. } => 0,
        };
        let there = size.checked_shr(level * HEIGHT).unwrap_or(0);
        let before = self.index().checked_mul(WIDTH as u64)?;
        let width = usize::try_from(there.checked_sub(before)?).unwrap_or(WIDTH).min(WIDTH);
        (width > 0).then(|| self.with_width(width))
    }

    /// Reads `tile/0/x001/067` or `tile/entries/000.p/5`. Only the one spelling is taken.
    pub fn parse(path: &str) -> Result<Self, BadTile> {
        let rest = path.strip_prefix("tile/").ok_or(BadTile::Path)?;
        let (level, rest) = rest.split_once('/').ok_or(BadTile::Path)?;
        let (place, width) = match rest.split_once(".p/") {
            None => (rest, WIDTH),
            Some((place, width)) => (place, number(width)?),
        };
        let mut index = 0_u64;
        let groups: Vec<&str> = place.split('/').collect();
        for (at, group) in groups.iter().enumerate() {
            let last = at + 1 == groups.len();
            let digits = if last { Some(*group) } else { group.strip_prefix('x') };
            let digits = digits.filter(|d| d.len() == 3 && d.bytes().all(|b| b.is_ascii_digit()));
            let value: u64 = digits.and_then(|d| d.parse().ok()).ok_or(BadTile::Path)?;
            let shifted = index.checked_mul(1000).and_then(|i| i.checked_add(value));
            index = shifted.ok_or(BadTile::Path)?;
        }
        let id = if level == ENTRIES {
            Self::Entries { index, width }
        } else {
            let level = u8::try_from(number(level)?).map_err(|_| BadTile::Path)?;
            Self::Hashes { level, index, width }
        };
        // One spelling each: no leading zeros, no full tile that calls itself partial.
        let small = matches!(id, Self::Entries { .. } | Self::Hashes { level: 0..=63, .. });
        let exact = small && width > 0 && width <= WIDTH && id.to_string() == path;
        if exact { Ok(id) } else { Err(BadTile::Path) }
    }
}

fn number(text: &str) -> Result<usize, BadTile> {
    let digits = text.bytes().all(|b| b.is_ascii_digit()) && text.len() <= 3;
    text.parse().ok().filter(|_| digits).ok_or(BadTile::Path)
}

impl fmt::Display for TileId {
    /// `tile/0/x001/067`, `tile/entries/000.p/5`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hashes { level, .. } => write!(f, "tile/{level}/")?,
            Self::Entries { .. } => write!(f, "tile/{ENTRIES}/")?,
        }
        let mut groups = vec![self.index() % 1000];
        let mut rest = self.index() / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for (at, group) in groups.iter().enumerate().rev() {
            if at > 0 { write!(f, "x{group:03}/")? } else { write!(f, "{group:03}")? }
        }
        if self.width() < WIDTH { write!(f, ".p/{}", self.width()) } else { Ok(()) }
    }
}

/// An entry bundle: each entry behind its length in two bytes. `None` for an entry of more than
/// 65,535 bytes.
pub fn bundle<E: AsRef<[u8]>>(entries: &[E]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for entry in entries {
        let entry = entry.as_ref();
        bytes.extend(u16::try_from(entry.len()).ok()?.to_be_bytes());
        bytes.extend(entry);
    }
    Some(bytes)
}

/// Tiles that were read, to make proofs from.
#[derive(Clone, Debug, Default)]
pub struct TileSet {
    hashes: BTreeMap<(u8, u64), Vec<Hash>>,
}

impl TileSet {
    /// Takes the content of a tile of hashes.
    pub fn add(&mut self, id: TileId, bytes: &[u8]) -> Result<(), BadTile> {
        let TileId::Hashes { level, index, width } = id else { return Err(BadTile::Path) };
        let (hashes, rest) = bytes.as_chunks::<32>();
        if hashes.len() != width || !rest.is_empty() {
            return Err(BadTile::Length);
        }
        self.hashes.insert((level, index), hashes.to_vec());
        Ok(())
    }

    pub fn holds(&self, id: TileId) -> bool {
        let TileId::Hashes { level, index, width } = id else { return false };
        self.hashes.get(&(level, index)).is_some_and(|hashes| hashes.len() >= width)
    }

    /// The root of a complete subtree, from the tile it lies in.
    pub fn node(&self, level: u32, index: u64) -> Option<Hash> {
        let (id, first, count) = place(level, index)?;
        let TileId::Hashes { level, index, .. } = id else { return None };
        fold(self.hashes.get(&(level, index))?.get(first..first.checked_add(count)?)?)
    }

    /// Reads an entry bundle of `width` entries.
    pub fn entries(id: TileId, bytes: &[u8]) -> Result<Vec<Vec<u8>>, BadTile> {
        let (mut entries, mut rest) = (Vec::new(), bytes);
        while let Some((length, after)) = rest.split_first_chunk::<2>() {
            let length = usize::from(u16::from_be_bytes(*length));
            let (entry, after) = after.split_at_checked(length).ok_or(BadTile::Length)?;
            entries.push(entry.to_vec());
            rest = after;
        }
        let whole = rest.is_empty() && entries.len() == id.width();
        if whole { Ok(entries) } else { Err(BadTile::Length) }
    }
}

/// Where the root of a complete subtree lies: the tile, the first of its hashes, how many.
fn place(level: u32, index: u64) -> Option<(TileId, usize, usize)> {
    let inside = level % HEIGHT;
    let first = index.checked_shl(inside)?;
    let level = u8::try_from(level / HEIGHT).ok()?;
    let at = usize::try_from(first % WIDTH as u64).ok()?;
    Some((TileId::Hashes { level, index: first >> HEIGHT, width: WIDTH }, at, 1 << inside))
}

/// The tiles that a proof over a tree of `size` leaves reads: `make` is run once with a reader
/// that knows no hash but notes what it is asked for.
pub fn tiles_for<T>(
    size: u64,
    make: impl FnOnce(&mut dyn FnMut(u32, u64) -> Option<Hash>) -> Result<T, MissingNode>,
) -> Vec<TileId> {
    let mut wanted = BTreeSet::new();
    let _ = make(&mut |level, index| {
        wanted.extend(place(level, index).and_then(|(id, _, _)| id.in_tree(size)));
        Some([0; 32])
    });
    wanted.into_iter().collect()
}
