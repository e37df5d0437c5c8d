//! The document safe: what a person keeps, sealed under a key of its own below the account's.

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use siegel_crypto::Opener;
use siegel_db::{Tx, outbox};
use siegel_kernel::{AccountId, Timestamp, TrustLevel};
use siegel_objects::{ObjectError, Objects};

use super::vault::AccountKey;
use super::{App, Fact, Failure, Order, export, kinds, record};
use crate::config::DocumentsConfig;
use crate::domain::document::{Description, Origin, check_name};
use crate::store::documents::{self, DocumentId, Row};
use crate::store::{accounts, document_grants};

/// Kind of the job that removes an object whose key is destroyed already; the payload is its name.
pub const REMOVE: &str = "remove_object";

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

impl App {
    pub(super) fn safe(&self) -> Result<&Safe, Failure> {
        self.safe.as_ref().ok_or(Failure::NoDocuments)
    }

    /// Destroys the key of a document and orders its object to go; `false` when there is none.
    pub(super) async fn destroy(
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

    pub(super) async fn document(
        &self,
        account: AccountId,
        id: DocumentId,
    ) -> Result<Document, Failure> {
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

    /// A document of the account with its bytes; on record before the first of them leaves.
    pub async fn download_document(
        &self,
        account: AccountId,
        level: Option<TrustLevel>,
        id: DocumentId,
    ) -> Result<(Document, Content), Failure> {
        let mut tx = self.db.begin().await?;
        let owner = accounts::find(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let row = documents::find(&mut tx, account, id).await?;
        let row = row.ok_or(Failure::UnknownDocument)?;
        let key = self.vault.key_of(&owner)?;
        let what = (kinds::DOCUMENT_DOWNLOADED, account, level);
        export::taken(&mut tx, what, &id.to_string(), self.clock.now()).await?;
        tx.commit().await?;
        self.committed();
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
}

pub(super) fn context(id: DocumentId) -> Vec<u8> {
    format!("document/{id}").into_bytes()
}

pub(super) fn description_name(id: DocumentId) -> String {
    format!("document/{id}")
}

pub(super) fn seal_description(
    key: &AccountKey,
    id: DocumentId,
    description: &Description,
) -> Result<Vec<u8>, Failure> {
    let plain = serde_json::to_vec(description).map_err(|_| Failure::StoredAnswer)?;
    Ok(key.seal_text(&description_name(id), &plain)?)
}

pub(super) fn open(key: &AccountKey, row: &Row) -> Result<Document, Failure> {
    let plain = key.open_text(&description_name(row.id), &row.description)?;
    Ok(Document {
        id: row.id,
        description: serde_json::from_slice(&plain).map_err(|_| Failure::StoredAnswer)?,
        origin: Origin::parse(&row.origin).ok_or(Failure::StoredAnswer)?,
        size: row.size_bytes,
        sha256: row.sha256.clone(),
        stored_at: row.stored_at.unwrap_or(row.begun_at),
    })
}
