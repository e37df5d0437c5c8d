//! Partial tiles go when they have been full for a while: clients take the full one then (C2SP
//! `tlog-tiles`, "Partial tiles").

use std::time::Duration;

use siegel_db::{Lease, take_lease};
use siegel_log::{HEIGHT, TileId, WIDTH};

use super::sequence::{count, object};
use super::{LEASE, LogError};
use crate::app::Postbox;
use crate::store::log;

/// How long a partial tile stays beside its full one: longer than anybody works with one
/// checkpoint.
const GRACE: Duration = Duration::from_hours(24);
/// How often somebody looks; a look that finds nothing is two indexed reads.
const EVERY: Duration = Duration::from_mins(1);
/// Entries whose tiles are tidied in one turn: 256 bundles and as many tiles, and a few above.
const TURN: u64 = 1 << (2 * HEIGHT);

impl Postbox {
    /// Tidies until the task is dropped: in every process, but only the holder of the lease does.
    pub async fn keep_log_tidy(self) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            if let Err(error) = self.tidy_log().await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "partial tiles of the public log were left"
                );
            }
        }
    }

    /// Removes the partial tiles of places that were full a day ago. Stopping anywhere loses
    /// nothing: what was removed is not looked for again, what was not is removed next time.
    pub async fn tidy_log(&self) -> Result<(), LogError> {
        let Some(journal) = &self.journal else { return Ok(()) };
        loop {
            let now = self.clock.now();
            let mut tx = self.db.read().await?;
            let old = log::size_at(&mut tx, now.minus(GRACE)).await?;
            let tidied = count(log::tidied(&mut tx).await?)?;
            drop(tx);
            // What is full is full up to a whole bundle.
            let full = count(old)? / WIDTH as u64 * WIDTH as u64;
            let lease = Lease { name: "log-tidy", holder: &journal.holder, span: LEASE };
            if full <= tidied || !take_lease(&self.db, lease, self.clock.now()).await? {
                return Ok(());
            }
            let to = full.min(tidied + TURN);
            for tile in filled(tidied, to) {
                self.objects.delete(&format!("{}.p/", object(tile))).await?;
            }
            let to = i64::try_from(to).map_err(|_| LogError::Broken("a size is too large"))?;
            let mut tx = self.db.begin().await?;
            log::set_tidied(&mut tx, to).await?;
            tx.commit().await?;
        }
    }
}

/// The tiles and bundles that became full between two sizes.
fn filled(from: u64, to: u64) -> Vec<TileId> {
    let mut tiles = Vec::new();
    let bundles = from / WIDTH as u64..to / WIDTH as u64;
    tiles.extend(bundles.map(|index| TileId::Entries { index, width: WIDTH }));
    for level in 0.. {
        let shift = HEIGHT * (u32::from(level) + 1);
        let (first, end) = (from.checked_shr(shift), to.checked_shr(shift));
        let (Some(first), Some(end @ 1..)) = (first, end) else { break };
        tiles.extend((first..end).map(|index| TileId::Hashes { level, index, width: WIDTH }));
    }
    tiles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_is_filled_once_by_a_growing_log() {
        let names = |from, to| filled(from, to).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(0, 255), Vec::<String>::new());
        assert_eq!(names(0, 256), ["tile/entries/000", "tile/0/000"]);
        assert_eq!(names(256, 512), ["tile/entries/001", "tile/0/001"]);
        let above = names(65_280, 65_536);
        assert_eq!(above, ["tile/entries/255", "tile/0/255", "tile/1/000"]);
        assert_eq!(names(0, 65_536).len(), 256 + 256 + 1);
    }
}
