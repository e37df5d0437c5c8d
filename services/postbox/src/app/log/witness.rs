//! Asking witnesses to cosign the newest checkpoint. Nothing waits for them: a checkpoint is
//! published at once, and their lines come under it when they come.

use std::sync::Arc;
use std::time::Duration;

use siegel_crypto::b64_padded;
use siegel_db::{Lease, take_lease};
use siegel_log::{SignedNote, Witness};

use super::{Journal, LogError};
use crate::app::Postbox;
use crate::ports::witness::{CallError, Cosigner};
use crate::store::log::CheckpointRow;
use crate::store::witnesses;

/// How often witnesses are asked, when there is something new.
const EVERY: Duration = Duration::from_secs(2);
/// Longer than asking all of them takes.
const LEASE: Duration = Duration::from_mins(1);

/// A witness and where it takes checkpoints.
#[derive(Clone, Debug)]
pub struct KnownWitness {
    pub name: String,
    pub key: Witness,
    /// `https://witness.example`
    pub url: String,
}

/// All that are asked.
#[derive(Clone, Debug)]
pub struct Witnesses {
    pub known: Vec<KnownWitness>,
    pub calls: Arc<dyn Cosigner>,
}

/// Why a witness did not cosign.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("the witness could not be asked")]
    Call(#[from] CallError),
    #[error("the witness refused the checkpoint ({0})")]
    Refused(u16),
    #[error("the witness remembers a log of {0} entries, which this one does not have")]
    Ahead(i64),
    #[error("what the witness answered is not its cosignature of this checkpoint")]
    NotItsOwn,
}

impl Postbox {
    /// Asks until the task is dropped: in every process, but only the holder of the lease does.
    pub async fn keep_witnesses(self, witnesses: Witnesses) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            for (name, error) in self.ask_witnesses(&witnesses).await {
                tracing::warn!(
                    witness = name,
                    error = &error as &dyn std::error::Error,
                    "a witness did not cosign the public log"
                );
            }
        }
    }

    /// Asks each witness that has not cosigned the newest checkpoint; those that did not.
    pub async fn ask_witnesses(&self, all: &Witnesses) -> Vec<(String, WitnessError)> {
        let Some(journal) = &self.journal else { return Vec::new() };
        match self.may_ask(journal).await {
            Ok(true) => {}
            Ok(false) => return Vec::new(),
            Err(error) => return vec![(String::new(), error.into())],
        }
        let mut failed = Vec::new();
        for witness in &all.known {
            if let Err(error) = self.ask(witness, all.calls.as_ref()).await {
                failed.push((witness.name.clone(), error));
            }
        }
        failed
    }

    async fn may_ask(&self, journal: &Journal) -> Result<bool, LogError> {
        let lease = Lease { name: "log-witnesses", holder: &journal.holder, span: LEASE };
        Ok(take_lease(&self.db, lease, self.clock.now()).await?)
    }

    async fn ask(&self, witness: &KnownWitness, calls: &dyn Cosigner) -> Result<(), WitnessError> {
        let newest = match self.newest().await {
            Err(LogError::BeyondEnd) => return Ok(()), // nothing is signed yet
            other => other?,
        };
        let note = parse(&newest)?;
        if witness.key.verify(&note).is_ok() {
            return Ok(());
        }
        let mut tx = self.db.read().await.map_err(LogError::from)?;
        let mut old = witnesses::size(&mut tx, &witness.name).await.map_err(LogError::from)?;
        drop(tx);
        for _ in 0..2 {
            let body = self.submission(old, &newest).await?;
            let reply = calls.add_checkpoint(&witness.url, body).await?;
            match reply.status {
                200 => return self.keep(witness, &newest, &reply.body).await,
                // It remembers another size, and says which (C2SP tlog-witness).
                409 => old = reply.body.trim().parse().map_err(|_| WitnessError::Refused(409))?,
                other => return Err(WitnessError::Refused(other)),
            }
            if !(0..=newest.size).contains(&old) {
                return Err(WitnessError::Ahead(old));
            }
        }
        Err(WitnessError::Refused(409))
    }

    /// `old`, the size the witness knows; the proof from there; the checkpoint.
    async fn submission(&self, old: i64, newest: &CheckpointRow) -> Result<String, WitnessError> {
        let proof = self.consistency(old, newest.size).await?.proof;
        let lines: String = proof.iter().map(|hash| b64_padded::encode(hash) + "\n").collect();
        Ok(format!("old {old}\n{lines}\n{}", newest.note))
    }

    /// Puts the witness's own line under the checkpoint, and nothing else of what it answered.
    async fn keep(
        &self,
        witness: &KnownWitness,
        newest: &CheckpointRow,
        lines: &str,
    ) -> Result<(), WitnessError> {
        let mut note = parse(newest)?;
        let answered = SignedNote::parse(&format!("{}\n{lines}", note.text));
        let answered = answered.map_err(|_| WitnessError::NotItsOwn)?;
        let alone = |line| SignedNote { text: note.text.clone(), signatures: vec![line] };
        let own = answered.signatures.into_iter();
        let own = own.map(alone).find(|one| witness.key.verify(one).is_ok());
        note.signatures.append(&mut own.ok_or(WitnessError::NotItsOwn)?.signatures);
        let mut tx = self.db.begin().await.map_err(LogError::from)?;
        let (name, size) = (&witness.name, newest.size);
        let kept = witnesses::cosigned(&mut tx, name, size, &newest.note, &note.to_string()).await;
        if kept.map_err(LogError::from)? {
            tx.commit().await.map_err(LogError::from)?;
        }
        Ok(())
    }
}

fn parse(row: &CheckpointRow) -> Result<SignedNote, LogError> {
    SignedNote::parse(&row.note).map_err(|_| LogError::Broken("a checkpoint is no signed note"))
}
