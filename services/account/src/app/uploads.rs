//! Taking documents: sealed as they stream by, checked against what was declared.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use siegel_crypto::{DataKey, Sealer, Sha256, same_bytes};
use siegel_db::{StoreError, Tx, outbox};
use siegel_kernel::AccountId;
use siegel_objects::{Objects, Writer};

use super::documents::{Document, REMOVE, Safe, context, seal_description};
use super::{App, Fact, Failure, Order, record};
use crate::config::DocumentsConfig;
use crate::domain::BadField;
use crate::domain::document::{Description, Head, Provenance};
use crate::store::accounts;
use crate::store::documents::{self, DocumentId, Row};

/// An upload may take so long.
const AT_MOST: Duration = Duration::from_mins(30);
/// One that is older and not there was given up.
const PATIENCE: Duration = Duration::from_hours(1);
/// How often uploads that were given up are looked for.
const SWEEP: Duration = Duration::from_mins(10);

/// The quota that a document does not fit into, uploads on their way counted.
async fn full(tx: &mut Tx, new: &Row, limits: &DocumentsConfig) -> Result<Option<i64>, StoreError> {
    let used = documents::used(tx, new.account_id).await?;
    if new.size_bytes > limits.quota_bytes - used {
        return Ok(Some(limits.quota_bytes));
    }
    let Some(quota) = limits.quota_bytes_of_tenant.get(&new.tenant) else { return Ok(None) };
    let used = documents::used_by(tx, new.account_id, &new.tenant).await?;
    Ok((new.size_bytes > quota - used).then_some(*quota))
}

enum Begun {
    /// An earlier attempt of the same request came through.
    Done(DocumentId),
    New(Box<Row>, DataKey),
}

impl App {
    /// Stores a document whose bytes are what the head says, or nothing.
    pub async fn upload_document<S>(
        &self,
        order: &Order,
        account: AccountId,
        (head, from): (&Head, &Provenance),
        content: S,
    ) -> Result<Document, Failure>
    where
        S: Stream<Item = Result<Bytes, Failure>> + Unpin + Send,
    {
        let safe = self.safe()?;
        head.check(safe.limits.document_bytes)?;
        let begun = self.begin_upload(order, account, (head, from), safe).await;
        let (row, key) = match self.audited(order, account, begun).await? {
            Begun::Done(id) => return self.document(account, id).await,
            Begun::New(row, key) => (row, key),
        };
        let writing = self.write_object(&safe.objects, &row, &key, (head, content));
        let finished = match tokio::time::timeout(AT_MOST, writing).await {
            Ok(Ok(())) => self.finish_upload(order, &row).await,
            Ok(Err(failure)) => Err(failure),
            Err(_) => Err(Failure::Incomplete),
        };
        match finished {
            Ok(id) => self.document(account, id).await,
            Err(failure) => {
                self.give_up(account, row.id).await?;
                Err(failure)
            }
        }
    }

    async fn begin_upload(
        &self,
        order: &Order,
        account: AccountId,
        (head, from): (&Head, &Provenance),
        safe: &Safe,
    ) -> Result<Begun, Failure> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if let Some(answer) = order.seen(&mut tx).await? {
            return Ok(Begun::Done(read_id(&answer)?));
        }
        let owner = accounts::lock(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let account_key = self.vault.key_of(&owner)?;
        let id = DocumentId::new(self.clock.as_ref(), self.entropy.as_ref())?;
        let (key, wrapped_key) = account_key.new_document_key(&id.to_string())?;
        let description = Description {
            name: head.name.clone(),
            media_type: head.media_type.clone(),
            issuer: from.issuer.clone(),
            letter: from.letter.clone(),
        };
        let row = Row {
            id,
            account_id: account,
            origin: from.origin.as_str().to_owned(),
            tenant: from.tenant.clone(),
            description: seal_description(&account_key, id, &description)?,
            size_bytes: head.size,
            sha256: head.sha256.clone(),
            object_key: object_key(id),
            wrapped_key,
            begun_at: now,
            stored_at: None,
        };
        if let Some(quota) = full(&mut tx, &row, &safe.limits).await? {
            return Err(Failure::QuotaExceeded { quota });
        }
        documents::begin(&mut tx, &row).await?;
        tx.commit().await?;
        Ok(Begun::New(Box::new(row), key))
    }

    /// Writes the sealed object; nothing of it is visible unless all of it was what was declared.
    async fn write_object<S>(
        &self,
        objects: &Objects,
        row: &Row,
        key: &DataKey,
        (head, content): (&Head, S),
    ) -> Result<(), Failure>
    where
        S: Stream<Item = Result<Bytes, Failure>> + Unpin + Send,
    {
        let mut writer = objects.write(&row.object_key);
        match self.seal_into(&mut writer, row.id, key, (head, content)).await {
            Ok(()) => Ok(writer.finish().await?),
            Err(failure) => {
                writer.abort().await;
                Err(failure)
            }
        }
    }

    async fn seal_into<S>(
        &self,
        writer: &mut Writer,
        id: DocumentId,
        key: &DataKey,
        (head, mut content): (&Head, S),
    ) -> Result<(), Failure>
    where
        S: Stream<Item = Result<Bytes, Failure>> + Unpin + Send,
    {
        let (mut sealer, header) = Sealer::new(key, &context(id), self.entropy.as_ref())?;
        writer.push(header).await?;
        let (mut hash, mut left) = (Sha256::new(), u64::try_from(head.size).unwrap_or(0));
        while let Some(piece) = content.next().await {
            let piece = piece?;
            left = left
                .checked_sub(piece.len() as u64)
                .ok_or_else(|| BadField::new("chunk", "more bytes came than the head declares"))?;
            hash.update(&piece);
            writer.push(sealer.push(&piece)?).await?;
        }
        if left > 0 {
            return Err(Failure::Incomplete);
        }
        if !same_bytes(&hash.finish(), &head.sha256) {
            return Err(BadField::new("head.sha256", "is not the digest of the bytes").into());
        }
        writer.push(sealer.finish()?).await?;
        Ok(())
    }

    async fn finish_upload(&self, order: &Order, row: &Row) -> Result<DocumentId, Failure> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if let Some(answer) = order.begin(&mut tx, now).await? {
            // The same upload twice at once: the other was first, this one is taken back.
            let first = read_id(&answer)?;
            self.destroy(&mut tx, row.account_id, row.id, now).await?;
            tx.commit().await?;
            self.committed();
            return Ok(first);
        }
        // Not while the account is merged or deleted: what is acknowledged is there.
        let owner = accounts::lock(&mut tx, row.account_id).await?;
        self.vault.key_of(&owner.ok_or(Failure::UnknownAccount)?)?;
        if !documents::stored(&mut tx, row.id, now).await? {
            return Err(Failure::Incomplete);
        }
        let detail = row.id.to_string();
        let fact =
            Fact { account: row.account_id, level: order.level, outcome: "done", detail: &detail };
        record(&mut tx, order, &fact, now).await?;
        order.finish(&mut tx, detail.as_bytes()).await?;
        tx.commit().await?;
        self.committed();
        Ok(row.id)
    }

    /// Takes back an upload that failed; it frees its place in the quota at once. Not one that was
    /// stored after all: a commit may count though its answer was lost, and a merge may have moved
    /// the document since.
    async fn give_up(&self, account: AccountId, id: DocumentId) -> Result<(), Failure> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        accounts::lock(&mut tx, account).await?;
        if documents::is_stored(&mut tx, id).await? {
            return Ok(());
        }
        documents::destroy(&mut tx, account, id, now).await?;
        // Also when the row went before the object came.
        outbox::put(&mut tx, REMOVE, object_key(id).as_bytes(), now).await?;
        tx.commit().await?;
        self.committed();
        Ok(())
    }

    /// Gives up uploads that nobody finishes and documents whose account is gone, until the task is
    /// dropped.
    pub async fn sweep_safe(self) {
        loop {
            if let Err(failure) = self.sweep_documents().await {
                let error = &failure as &dyn std::error::Error;
                tracing::error!(error, "documents that were given up are still there");
            }
            tokio::time::sleep(SWEEP).await;
        }
    }

    async fn sweep_documents(&self) -> Result<(), Failure> {
        let now = self.clock.now();
        let mut tx = self.db.read().await?;
        let abandoned = documents::abandoned(&mut tx, now.minus(PATIENCE)).await?;
        let ownerless = documents::ownerless(&mut tx).await?;
        drop(tx);
        for (account, id) in abandoned {
            self.give_up(account, id).await?;
        }
        for account in ownerless {
            let mut tx = self.db.begin().await?;
            self.purge_documents(&mut tx, account, now).await?;
            tx.commit().await?;
            self.committed();
        }
        Ok(())
    }
}

fn object_key(id: DocumentId) -> String {
    format!("documents/{id}")
}

fn read_id(answer: &[u8]) -> Result<DocumentId, Failure> {
    let text = std::str::from_utf8(answer).map_err(|_| Failure::StoredAnswer)?;
    text.parse().map_err(|_| Failure::StoredAnswer)
}

#[cfg(test)]
mod tests {
    use siegel_db::{Db, on};
    use siegel_testkit::on_each_backend;

    use super::*;
    use crate::app::testing::{app, opens};

    on_each_backend! { &crate::MIGRATIONS =>
        what_was_stored_is_not_given_up_even_when_it_was_moved_since,
    }

    /// Objects that are to be removed.
    async fn removals(app: &App) -> i64 {
        const SQL: &str = "SELECT COUNT(*) FROM outbox WHERE kind = 'remove_object'";
        let mut tx = app.db.read().await.unwrap();
        on!(&mut tx, c => sqlx::query_scalar(SQL).fetch_one(c).await.unwrap())
    }

    async fn stored(app: &App, account: AccountId, at: Option<siegel_kernel::Timestamp>) -> Row {
        let id = DocumentId::new(app.clock.as_ref(), app.entropy.as_ref()).unwrap();
        let row = Row {
            id,
            account_id: account,
            origin: "person".into(),
            tenant: String::new(),
            description: vec![1],
            size_bytes: 1,
            sha256: vec![1; 32],
            object_key: object_key(id),
            wrapped_key: vec![1],
            begun_at: app.clock.now(),
            stored_at: at,
        };
        let mut tx = app.db.begin().await.unwrap();
        documents::begin(&mut tx, &row).await.unwrap();
        if let Some(at) = at {
            assert!(documents::stored(&mut tx, id, at).await.unwrap());
        }
        tx.commit().await.unwrap();
        row
    }

    async fn what_was_stored_is_not_given_up_even_when_it_was_moved_since(db: Db) {
        let app = app(db);
        let (one, other) = (opens(&app, 1).await, opens(&app, 2).await);
        let there = stored(&app, one, Some(app.clock.now())).await;
        // Asked by the account that it was uploaded to, and by one that it is no longer of.
        for account in [one, other] {
            app.give_up(account, there.id).await.unwrap();
        }
        assert_eq!(removals(&app).await, 0);
        let mut tx = app.db.read().await.unwrap();
        assert!(documents::is_stored(&mut tx, there.id).await.unwrap());
        drop(tx);
        let open = stored(&app, one, None).await;
        app.give_up(one, open.id).await.unwrap();
        assert_eq!(removals(&app).await, 1);
    }
}
