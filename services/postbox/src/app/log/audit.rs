//! `siegel log audit`: replays the whole log against the database, the published files and
//! checkpoints that somebody remembered, and says every difference.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use siegel_crypto::{Jwk, KeySet, b64, same_bytes, sha256};
use siegel_db::{Db, StoreError};
use siegel_kernel::Timestamp;
use siegel_log::{
    BadCheckpoint, Checkpoint, Edge, Hash, NoteVerifier, TileId, TileSet, WIDTH, WrittenTile,
    leaf_hash,
};
use siegel_receipt::{Claims, TYP};

use super::brought::Brought;
use super::compare::{differing, follows, unverified_body};
use super::cosigned::Cosigned;
use super::report::{Difference, Report};
use super::sequence::object;
use crate::config::Config;
use crate::domain::{LetterId, MailboxId};
use crate::ports::objects::{ObjectError, Objects};
use crate::store::log::{CheckpointRow, HeadRow};
use crate::store::log_audit::{self, HeadLinkRow, LinkRow, PlaceRow};
use crate::store::{keys, log};

/// Rows read at a time.
const PAGE: i64 = 1_000;
/// How much older than the entry before it an entry may be: transactions end out of order, and
/// clocks of replicas differ.
const DISORDER: Duration = Duration::from_mins(5);

/// The audit could not be done.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error("the database failed")]
    Store(#[from] StoreError),
    #[error("[postbox.object_store]")]
    Objects(#[from] ObjectError),
    #[error("[postbox] log_signing_key_file is not set: there is no log")]
    Off,
    #[error("[postbox] log_signing_key_file; or name the log's key with --key")]
    Key(#[source] siegel_crypto::KeyError),
    #[error("the key is not one of a log (name+id+key)")]
    OtherKey(#[from] siegel_log::BadKey),
    #[error("the policy is not about this log")]
    OtherPolicy,
    #[error("the log was never started")]
    NotStarted,
    #[error("a remembered checkpoint is none of this log")]
    Remembered(#[from] BadCheckpoint),
    #[error("a published signing key cannot be read")]
    SigningKeys(#[from] serde_json::Error),
}

/// Audits the log of an installation, with a key and checkpoints as [`Brought`] says.
pub async fn audit_log(
    config: &Config,
    db: &Db,
    key: Option<&str>,
    remembered: &[String],
) -> Result<Report, AuditError> {
    audit_log_with(config, db, &Brought { key, remembered, witnesses: None }).await
}

/// Audits the log of an installation.
pub async fn audit_log_with(
    config: &Config,
    db: &Db,
    brought: &Brought<'_>,
) -> Result<Report, AuditError> {
    let mut tx = db.read().await?;
    let head = log::head(&mut tx).await?;
    let signing = keys::all(&mut tx).await?;
    drop(tx);
    if head.verifier_key.is_empty() {
        return Err(AuditError::NotStarted);
    }
    let log_key = brought.log_key(config, &head)?;
    let mut wanted: BTreeMap<u64, Vec<Hash>> = BTreeMap::new();
    for note in brought.remembered {
        let known = Checkpoint::open(note, &log_key)?;
        wanted.entry(known.size).or_default().push(known.root);
    }
    let jwks = signing.iter().map(|row| serde_json::from_str::<Jwk>(&row.jwk));
    let mut audit = Audit {
        db,
        objects: Objects::open(&config.object_store)?,
        signing: KeySet::new(jwks.collect::<Result<Vec<_>, _>>()?),
        log_key,
        head,
        remembered: wanted,
        edge: Edge::default(),
        bundle: VecDeque::new(),
        latest: None,
        newest: false,
        cosigned: brought.witnesses.map(|(policy, at)| Cosigned::new(policy.clone(), at)),
        report: Report::default(),
    };
    audit.run().await?;
    Ok(audit.report)
}

struct Audit<'a> {
    db: &'a Db,
    objects: Objects,
    signing: KeySet,
    log_key: NoteVerifier,
    head: HeadRow,
    remembered: BTreeMap<u64, Vec<Hash>>,
    edge: Edge,
    /// Entries of the published bundle that is being compared.
    bundle: VecDeque<Vec<u8>>,
    /// Recorded time of the entry before.
    latest: Option<Timestamp>,
    /// The newest checkpoint was there.
    newest: bool,
    /// What a policy about witnesses says; absent without one.
    cosigned: Option<Cosigned>,
    report: Report,
}

impl Audit<'_> {
    async fn run(&mut self) -> Result<(), AuditError> {
        let mut checkpoints = VecDeque::from(log_audit::checkpoints(self.db, -1, PAGE).await?);
        self.at_size(&mut checkpoints).await?;
        let mut next = 0;
        loop {
            let page = log_audit::places(self.db, next, self.head.assigned, PAGE).await?;
            let Some(last) = page.last().map(|row| row.log_index) else { break };
            for row in &page {
                while next < row.log_index {
                    self.gap(next).await?;
                    self.at_size(&mut checkpoints).await?;
                    next += 1;
                }
                next += 1;
                self.evidence(row);
                if row.log_index < self.head.published {
                    self.entry(row).await?;
                    self.at_size(&mut checkpoints).await?;
                }
            }
            next = last + 1;
        }
        for index in next..self.head.assigned {
            self.gap(index).await?;
            self.at_size(&mut checkpoints).await?;
        }
        for tile in self.edge.partial_tiles() {
            self.tile(&tile).await?;
        }
        self.left_over(&checkpoints);
        if let Some(cosigned) = &self.cosigned {
            self.report.cosigned = Some(cosigned.vouched());
            if let Some(missing) = cosigned.missing() {
                self.report.add(missing);
            }
        }
        self.chains().await?;
        self.heads().await?;
        for row in log_audit::unlogged(self.db, PAGE).await? {
            self.report.add(Difference::Unlogged { letter: row.letter_id, number: row.number });
        }
        for row in log_audit::miscounted(self.db, PAGE).await? {
            self.report.add(Difference::Miscounted { letter: row.letter_id, number: row.number });
        }
        for row in log_audit::unlogged_heads(self.db, PAGE).await? {
            self.report.add(Difference::HeadUnlogged { letter: row.letter_id });
        }
        for row in log_audit::behind_heads(self.db, PAGE).await? {
            let (mailbox, letters) = (row.mailbox_id, row.letters);
            self.report.add(Difference::HeadsMiscounted { mailbox, letters });
        }
        Ok(())
    }

    /// Compares an entry of `evidence` with the leaf that stands for it and with what it signed.
    fn evidence(&mut self, row: &PlaceRow) {
        let (index, letter, number) = (row.log_index, row.letter_id, row.number);
        self.report.entries += 1;
        if number == 0 {
            self.head_leaf(row);
            return;
        }
        let (Some(jws), Some(salt), Some(own)) = (&row.jws, &row.leaf_salt, &row.own_leaf) else {
            self.report.add(Difference::EvidenceMissing { index, letter, number });
            return;
        };
        let leaf = siegel_receipt::leaf(salt, jws);
        if !same_bytes(&leaf, &row.leaf) || *own != row.leaf {
            self.report.add(Difference::EvidenceChanged { index, letter, number });
        }
        let Ok(claims) = self.signing.verify::<Claims>(jws, TYP) else {
            self.report.add(Difference::EvidenceForged { index, letter, number });
            return;
        };
        let Some(body) = claims.events.values().next() else {
            self.report.add(Difference::EvidenceForged { index, letter, number });
            return;
        };
        if let Some(field) = differing(row, &claims, body) {
            self.report.add(Difference::RowDiffers { index, letter, number, field });
        }
        let recorded = Timestamp::parse_rfc3339(&body.recorded_time);
        if body.clock_moved {
            return;
        }
        if let (Some(before), Some(recorded)) = (self.latest, recorded)
            && recorded.plus(DISORDER) < before
        {
            self.report.add(Difference::BackDated { index, letter, number });
        }
        self.latest = self.latest.max(recorded);
    }

    /// Compares a mailbox's head with the leaf that stands for it.
    fn head_leaf(&mut self, row: &PlaceRow) {
        let (index, letter) = (row.log_index, row.letter_id);
        let (Some(head), Some(salt)) = (&row.mailbox_head, &row.head_salt) else {
            self.report.add(Difference::HeadMissing { index, letter });
            return;
        };
        if !same_bytes(&siegel_receipt::head_leaf(salt, head), &row.leaf) {
            self.report.add(Difference::HeadChanged { index, letter });
        }
    }

    /// Compares a leaf with the published entry, and appends it to the tree.
    async fn entry(&mut self, row: &PlaceRow) -> Result<(), AuditError> {
        if self.published().await?.is_some_and(|entry| entry != row.leaf) {
            self.report.add(Difference::EntryDiffers { index: row.log_index });
        }
        self.append(&row.leaf).await
    }

    /// A place without a leaf. The tree goes on with the published entry, so that what is behind
    /// it can be compared.
    async fn gap(&mut self, index: i64) -> Result<(), AuditError> {
        self.report.add(Difference::PlaceMissing { index });
        if index >= self.head.published {
            return Ok(());
        }
        let entry = self.published().await?.unwrap_or_default();
        self.append(&entry).await
    }

    async fn append(&mut self, leaf: &[u8]) -> Result<(), AuditError> {
        for tile in self.edge.append(leaf_hash(leaf)) {
            self.tile(&tile).await?;
        }
        Ok(())
    }

    /// The published entry at the end of the tree; `None` where the file says nothing.
    async fn published(&mut self) -> Result<Option<Vec<u8>>, AuditError> {
        let at = self.edge.size();
        if at.is_multiple_of(WIDTH as u64) {
            self.bundle = self.read_bundle(at).await?;
        }
        Ok(self.bundle.pop_front())
    }

    async fn read_bundle(&mut self, first: u64) -> Result<VecDeque<Vec<u8>>, AuditError> {
        let size = u64::try_from(self.head.published).unwrap_or(0);
        let place = TileId::Entries { index: first / WIDTH as u64, width: WIDTH };
        let Some(id) = place.in_tree(size) else { return Ok(VecDeque::new()) };
        let bytes = self.objects.get(&object(id)).await?;
        let entries = bytes.and_then(|bytes| TileSet::entries(id, &bytes).ok());
        if entries.is_none() {
            self.report.add(Difference::TileDamaged { path: id.to_string() });
        }
        Ok(entries.unwrap_or_default().into())
    }

    async fn tile(&mut self, tile: &WrittenTile) -> Result<(), AuditError> {
        let path = tile.id.to_string();
        match self.objects.get(&object(tile.id)).await? {
            Some(bytes) if bytes == tile.bytes => {}
            Some(_) => self.report.add(Difference::TileDiffers { path }),
            None => self.report.add(Difference::TileDamaged { path }),
        }
        Ok(())
    }

    /// Compares what was signed, and what is remembered, for the size that the tree has now.
    async fn at_size(&mut self, due: &mut VecDeque<CheckpointRow>) -> Result<(), AuditError> {
        let size = self.edge.size();
        while due.front().is_some_and(|row| u64::try_from(row.size).is_ok_and(|s| s <= size)) {
            let Some(row) = due.pop_front() else { break };
            self.checkpoint(&row);
            if due.is_empty() {
                *due = log_audit::checkpoints(self.db, row.size, PAGE).await?.into();
            }
        }
        if let Some(roots) = self.remembered.remove(&size) {
            let root = self.edge.root();
            if roots.iter().any(|known| *known != root) {
                self.report.add(Difference::Forked { size });
            }
        }
        Ok(())
    }

    fn checkpoint(&mut self, row: &CheckpointRow) {
        let size = row.size;
        self.report.checkpoints += 1;
        self.newest |= size == self.head.published;
        let Ok(signed) = Checkpoint::open(&row.note, &self.log_key) else {
            self.report.add(Difference::CheckpointForged { size });
            return;
        };
        let root = self.edge.root();
        let same = u64::try_from(size) == Ok(self.edge.size()) && signed.size == self.edge.size();
        if !same || signed.root != root || row.root != root {
            self.report.add(Difference::RootDiffers { size });
        } else if let Some(cosigned) = &mut self.cosigned {
            cosigned.see(row);
        }
    }

    /// Checkpoints of sizes that the tree never had.
    fn left_over(&mut self, due: &VecDeque<CheckpointRow>) {
        let size = self.edge.size();
        for row in due.iter().filter(|row| row.size <= self.head.published) {
            self.report.add(Difference::RootDiffers { size: row.size });
        }
        for known in std::mem::take(&mut self.remembered).into_keys() {
            // Signed while this was running, or cut off.
            if known > size {
                self.report.add(Difference::Cut { size: known });
            }
        }
        if !self.newest {
            self.report.add(Difference::CheckpointMissing { size: self.head.published });
        }
    }

    /// Follows the heads of each mailbox: no gap after the first, and each follows from the one
    /// before it and from its letter.
    async fn heads(&mut self) -> Result<(), AuditError> {
        let mut after = (MailboxId::from_uuid(uuid::Uuid::nil()), 0);
        let mut before: Option<HeadLinkRow> = None;
        loop {
            let page = log_audit::heads(self.db, after, PAGE).await?;
            if page.is_empty() {
                return Ok(());
            }
            for link in page {
                after = (link.row.mailbox_id, link.row.sequence);
                let last = before.take().filter(|last| last.row.mailbox_id == after.0);
                if !follows(&link, last.as_ref()) {
                    self.report.add(Difference::HeadBroken { letter: link.row.letter_id });
                }
                before = Some(link);
            }
        }
    }

    /// Follows the chain of each letter: no gap, and each entry names the one before it.
    async fn chains(&mut self) -> Result<(), AuditError> {
        let nil = uuid::Uuid::nil();
        let mut after = (MailboxId::from_uuid(nil), LetterId::from_uuid(nil), 0);
        let mut before: Option<LinkRow> = None;
        loop {
            let page = log_audit::links(self.db, after, PAGE).await?;
            if page.is_empty() {
                return Ok(());
            }
            for row in page {
                after = (row.mailbox_id, row.letter_id, row.number);
                let last = before.take().filter(|last| last.letter_id == row.letter_id);
                let number = last.as_ref().map_or(1, |last| last.number + 1);
                let previous = last.map(|last| b64::encode(sha256(last.jws.as_bytes())));
                let named = unverified_body(&row.jws).map(|body| body.previous);
                if row.number != number || named != Some(previous) {
                    let (letter, number) = (row.letter_id, row.number);
                    self.report.add(Difference::ChainBroken { letter, number });
                }
                before = Some(row);
            }
        }
    }
}
