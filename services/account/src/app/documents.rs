//! The document safe: what a person keeps, sealed under a key of its own below the account's.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt as _};
use siegel_crypto::{DataKey, Opener, Sealer, Sha256, same_bytes};
use siegel_db::{Tx, outbox};
use siegel_kernel::{AccountId, Timestamp};
use siegel_objects::{ObjectError, Objects, Writer};

use super::vault::AccountKey;
use super::{App, Fact, Failure, Order, record};
use crate::config::DocumentsConfig;
use crate::domain::BadField;
use crate::domain::document::{Description, Head, Origin, check_name};
use crate::store::documents::{self, DocumentId, Row};
use crate::store::{accounts, document_grants};

/// Kind of the job that removes an object whose key is destroyed already; the payload is its name.
pub const REMOVE: &str = "remove_object";
/// An upload that takes longer was given up.
const PATIENCE: Duration = Duration::from_hours(1);
/// How often uploads that were given up are looked for.
const SWEEP: Duration = Duration::from_mins(10);

/// Where documents are, and how many.
#[derive(Clone)]
pub struct Safe {
    pub objects: Objects,
    pub limits: DocumentsConfig,
}

/// A document without its bytes.
#[derive(Clone, Debug)]
pub struct Document {
    pub id: DocumentId,
    pub description: Description,
    pub origin: Origin,
    pub size: i64,
    pub sha256: Vec<u8>,
    pub stored_at: Timestamp,
}

/// What a safe holds.
#[derive(Clone, Debug)]
pub struct Listing {
    pub documents: Vec<Document>,
    pub used: i64,
    pub quota: i64,
}

/// The plain bytes of a document, as they are read.
pub struct Content {
    sealed: BoxStream<'static, Result<Bytes, ObjectError>>,
    /// `None` when all was handed out.
    opener: Option<Opener>,
}

impl Content {
    /// The next bytes; `None` after the last. A document that was cut or changed fails here.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        while let Some(opener) = self.opener.as_mut() {
            let plain = match self.sealed.next().await {
                Some(piece) => opener.push(&piece?)?,
                None => self.opener.take().map(Opener::finish).transpose()?.unwrap_or_default(),
            };
            if !plain.is_empty() {
                return Ok(Some(plain.into()));
            }
        }
        Ok(None)
    }
}

enum Begun {
    /// An earlier attempt of the same request came through.
    Done(DocumentId),
    New(Box<Row>, DataKey),
}

impl App {
    pub(super) fn safe(&self) -> Result<&Safe, Failure> {
        self.safe.as_ref().ok_or(Failure::NoDocuments)
    }

    /// Stores a document whose bytes are what the head says, or nothing.
    pub async fn upload_document<S>(
        &self,
        order: &Order,
        account: AccountId,
        head: &Head,
        content: S,
    ) -> Result<Document, Failure>
    where
        S: Stream<Item = Result<Bytes, Failure>> + Unpin + Send,
    {
        let safe = self.safe()?;
        head.check(safe.limits.document_bytes)?;
        let begun = self.begin_upload(order, account, head, safe).await;
        let (row, key) = match self.audited(order, account, begun).await? {
            Begun::Done(id) => return self.document(account, id).await,
            Begun::New(row, key) => (row, key),
        };
        let written = self.write_object(&safe.objects, &row, &key, (head, content)).await;
        let finished = match written {
            Ok(()) => self.finish_upload(order, &row).await,
            Err(failure) => Err(failure),
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
        head: &Head,
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
            issuer: String::new(),
            letter: String::new(),
        };
        let row = Row {
            id,
            account_id: account,
            origin: Origin::Person.as_str().to_owned(),
            description: seal_description(&account_key, id, &description)?,
            size_bytes: head.size,
            sha256: head.sha256.clone(),
            object_key: format!("documents/{id}"),
            wrapped_key,
            begun_at: now,
            stored_at: None,
        };
        if !documents::begin(&mut tx, &row, safe.limits.quota_bytes).await? {
            return Err(Failure::QuotaExceeded { quota: safe.limits.quota_bytes });
        }
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

    /// Takes back an upload that failed; it frees its place in the quota at once.
    async fn give_up(&self, account: AccountId, id: DocumentId) -> Result<(), Failure> {
        let mut tx = self.db.begin().await?;
        self.destroy(&mut tx, account, id, self.clock.now()).await?;
        tx.commit().await?;
        self.committed();
        Ok(())
    }

    /// Destroys the key of a document and orders its object to go; `false` when there is none.
    async fn destroy(
        &self,
        tx: &mut Tx,
        account: AccountId,
        id: DocumentId,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let Some(object) = documents::destroy(tx, account, id, now).await? else {
            return Ok(false);
        };
        document_grants::end(tx, account, Some(id), now).await?;
        outbox::put(tx, REMOVE, object.as_bytes(), now).await?;
        Ok(true)
    }

    /// Destroys all documents of an account and ends their grants, within the transaction that
    /// deletes the account. Doing it again changes nothing.
    pub async fn purge_documents(
        &self,
        tx: &mut Tx,
        account: AccountId,
        now: Timestamp,
    ) -> Result<(), Failure> {
        for object in documents::destroy_all(tx, account, now).await? {
            outbox::put(tx, REMOVE, object.as_bytes(), now).await?;
        }
        Ok(document_grants::end(tx, account, None, now).await?)
    }

    pub async fn list_documents(&self, account: AccountId) -> Result<Listing, Failure> {
        let quota = self.safe()?.limits.quota_bytes;
        let mut tx = self.db.read().await?;
        let row = accounts::find(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let key = self.vault.key_of(&row)?;
        let rows = documents::list(&mut tx, account).await?;
        let documents = rows.iter().map(|row| open(&key, row)).collect::<Result<_, _>>()?;
        Ok(Listing { documents, used: documents::used(&mut tx, account).await?, quota })
    }

    async fn document(&self, account: AccountId, id: DocumentId) -> Result<Document, Failure> {
        let mut tx = self.db.read().await?;
        let owner = accounts::find(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let row = documents::find(&mut tx, account, id).await?;
        open(&self.vault.key_of(&owner)?, &row.ok_or(Failure::UnknownDocument)?)
    }

    pub async fn rename_document(
        &self,
        order: &Order,
        account: AccountId,
        id: DocumentId,
        name: &str,
    ) -> Result<(), Failure> {
        check_name(name)?;
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if order.begin(&mut tx, now).await?.is_some() {
            return Ok(());
        }
        let owner = accounts::lock(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let row = documents::find(&mut tx, account, id).await?;
        let row = row.ok_or(Failure::UnknownDocument)?;
        let key = self.vault.key_of(&owner)?;
        let description = Description { name: name.to_owned(), ..open(&key, &row)?.description };
        documents::describe(&mut tx, id, &seal_description(&key, id, &description)?).await?;
        self.noted(tx, order, account, id).await
    }

    pub async fn delete_document(
        &self,
        order: &Order,
        account: AccountId,
        id: DocumentId,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if order.begin(&mut tx, now).await?.is_some() {
            return Ok(());
        }
        accounts::lock(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        if documents::find(&mut tx, account, id).await?.is_none() {
            return Err(Failure::UnknownDocument);
        }
        self.destroy(&mut tx, account, id, now).await?;
        self.noted(tx, order, account, id).await
    }

    /// Ends a change of one document: audit, answer, commit.
    async fn noted(
        &self,
        mut tx: Tx,
        order: &Order,
        account: AccountId,
        id: DocumentId,
    ) -> Result<(), Failure> {
        let detail = id.to_string();
        let fact = Fact { account, level: order.level, outcome: "done", detail: &detail };
        record(&mut tx, order, &fact, self.clock.now()).await?;
        order.finish(&mut tx, b"").await?;
        tx.commit().await?;
        self.committed();
        Ok(())
    }

    /// A document of the account with its bytes.
    pub async fn download_document(
        &self,
        account: AccountId,
        id: DocumentId,
    ) -> Result<(Document, Content), Failure> {
        let mut tx = self.db.read().await?;
        let owner = accounts::find(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let row = documents::find(&mut tx, account, id).await?;
        let row = row.ok_or(Failure::UnknownDocument)?;
        let key = self.vault.key_of(&owner)?;
        drop(tx);
        Ok((open(&key, &row)?, self.content(&key, &row).await?))
    }

    pub(super) async fn content(&self, key: &AccountKey, row: &Row) -> Result<Content, Failure> {
        let document_key = key.document_key(&row.id.to_string(), &row.wrapped_key)?;
        let sealed = self.safe()?.objects.read(&row.object_key).await?;
        Ok(Content { sealed, opener: Some(Opener::new(&document_key, &context(row.id))) })
    }

    /// Removes the object of a document whose key is destroyed.
    pub async fn remove_object(&self, name: &str) -> Result<(), Failure> {
        Ok(self.safe()?.objects.delete(name).await?)
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

fn context(id: DocumentId) -> Vec<u8> {
    format!("document/{id}").into_bytes()
}

fn seal_description(
    key: &AccountKey,
    id: DocumentId,
    description: &Description,
) -> Result<Vec<u8>, Failure> {
    let plain = serde_json::to_vec(description).map_err(|_| Failure::StoredAnswer)?;
    Ok(key.seal_text(&format!("document/{id}"), &plain)?)
}

pub(super) fn open(key: &AccountKey, row: &Row) -> Result<Document, Failure> {
    let plain = key.open_text(&format!("document/{}", row.id), &row.description)?;
    Ok(Document {
        id: row.id,
        description: serde_json::from_slice(&plain).map_err(|_| Failure::StoredAnswer)?,
        origin: Origin::parse(&row.origin).ok_or(Failure::StoredAnswer)?,
        size: row.size_bytes,
        sha256: row.sha256.clone(),
        stored_at: row.stored_at.unwrap_or(row.begun_at),
    })
}

fn read_id(answer: &[u8]) -> Result<DocumentId, Failure> {
    let text = std::str::from_utf8(answer).map_err(|_| Failure::StoredAnswer)?;
    text.parse().map_err(|_| Failure::StoredAnswer)
}
