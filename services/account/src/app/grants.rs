//! Documents that a service may fetch: once only, or until a time.

use std::time::Duration;

use siegel_kernel::{AccountId, Timestamp, TrustLevel};

use super::documents::{Content, Document, open};
use super::privacy::handed_name;
use super::vault::AccountKey;
use super::{App, Fact, Failure, Order, record};
use crate::domain::document::{Fetch, Granted, Terms};
use crate::domain::{Asked, BadField, Names};
use crate::store::disclosures::{self, Handed};
use crate::store::document_grants::{self, DocumentGrantId, Row};
use crate::store::documents::DocumentId;
use crate::store::{accounts, documents};

/// What a person lets a service fetch.
#[derive(Clone, Debug)]
pub struct Granting {
    pub document: DocumentId,
    pub client_id: String,
    pub client_name: String,
    pub purpose: String,
    pub valid_until: Timestamp,
    pub many: bool,
}

/// A grant as its person sees it.
#[derive(Clone, Debug)]
pub struct Shown {
    pub row: Row,
    pub terms: Terms,
    /// Whether the service can fetch now.
    pub open: bool,
}

/// What a service fetches.
pub struct Redeemed {
    pub document: Document,
    pub content: Content,
}

impl Row {
    fn granted(&self) -> Granted<'_> {
        Granted {
            many: self.many,
            valid_until: self.valid_until,
            revoked: self.revoked_at.is_some(),
            fetches: self.fetches,
            last: self.last_fetched_at.zip(self.last_request.as_deref()),
        }
    }
}

impl App {
    pub async fn grant_document(
        &self,
        order: &Order,
        account: AccountId,
        wanted: &Granting,
    ) -> Result<Shown, Failure> {
        let now = self.clock.now();
        let longest = Duration::from_hours(24 * u64::from(self.safe()?.limits.grant_days));
        if wanted.valid_until <= now || wanted.valid_until > now.plus(longest) {
            let problem = "is over, or too far ahead";
            return Err(BadField::new("valid_until", problem).into());
        }
        let mut tx = self.db.begin().await?;
        let done = order.begin(&mut tx, now).await?;
        let owner = accounts::lock(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let key = self.vault.key_of(&owner)?;
        if let Some(answer) = done {
            let text = String::from_utf8(answer).map_err(|_| Failure::StoredAnswer)?;
            let id = text.parse().map_err(|_| Failure::StoredAnswer)?;
            let row = document_grants::find(&mut tx, id).await?.ok_or(Failure::StoredAnswer)?;
            return shown(&key, row, now);
        }
        let document = documents::find(&mut tx, account, wanted.document).await?;
        let document = open(&key, &document.ok_or(Failure::UnknownDocument)?)?;
        let id = DocumentGrantId::new(self.clock.as_ref(), self.entropy.as_ref())?;
        let terms = Terms {
            document_name: document.description.name,
            client_name: wanted.client_name.clone(),
            purpose: wanted.purpose.clone(),
            level: order.level.unwrap_or(TrustLevel::Basic),
        };
        let plain = serde_json::to_vec(&terms).map_err(|_| Failure::StoredAnswer)?;
        let row = Row {
            id,
            account_id: account,
            document_id: wanted.document,
            client_id: wanted.client_id.clone(),
            terms: key.seal_text(&seal_name(id), &plain)?,
            many: wanted.many,
            given_at: now,
            valid_until: wanted.valid_until,
            revoked_at: None,
            fetches: 0,
            last_fetched_at: None,
            last_request: None,
        };
        document_grants::add(&mut tx, &row).await?;
        let detail = format!("client={} document={}", row.client_id, row.document_id);
        let fact = Fact { account, level: order.level, outcome: "done", detail: &detail };
        record(&mut tx, order, &fact, now).await?;
        order.finish(&mut tx, id.to_string().as_bytes()).await?;
        tx.commit().await?;
        self.committed();
        shown(&key, row, now)
    }

    /// The grants of an account, newest first; of one document when it is named.
    pub async fn document_grants(
        &self,
        account: AccountId,
        document: Option<DocumentId>,
    ) -> Result<Vec<Shown>, Failure> {
        let now = self.clock.now();
        let mut tx = self.db.read().await?;
        let owner = accounts::find(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let key = self.vault.key_of(&owner)?;
        let rows = document_grants::list(&mut tx, account).await?;
        let rows = rows.into_iter().filter(|row| document.is_none_or(|d| d == row.document_id));
        rows.map(|row| shown(&key, row, now)).collect()
    }

    pub async fn revoke_document_grant(
        &self,
        order: &Order,
        account: AccountId,
        id: DocumentGrantId,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if order.begin(&mut tx, now).await?.is_some() {
            return Ok(());
        }
        accounts::lock(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        if !document_grants::revoke(&mut tx, account, id, now).await? {
            return Err(Failure::UnknownDocumentGrant);
        }
        let detail = id.to_string();
        let fact = Fact { account, level: order.level, outcome: "done", detail: &detail };
        record(&mut tx, order, &fact, now).await?;
        order.finish(&mut tx, b"").await?;
        tx.commit().await?;
        self.committed();
        Ok(())
    }

    /// Hands a document to the client that was granted it. The disclosure is on record before the
    /// first byte is read.
    pub async fn redeem_document(
        &self,
        order: &Order,
        client_id: &str,
        id: DocumentGrantId,
    ) -> Result<Redeemed, Failure> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let grant = document_grants::find(&mut tx, id).await?;
        let account = grant.filter(|g| g.client_id == client_id).map(|g| g.account_id);
        let account = account.ok_or(Failure::UnknownDocumentGrant)?;
        let owner = accounts::lock(&mut tx, account).await?;
        let owner = owner.ok_or(Failure::UnknownDocumentGrant)?;
        // As it is behind the lock: of two fetches at once, one is the first.
        let grant = document_grants::find(&mut tx, id).await?;
        let grant = grant.ok_or(Failure::UnknownDocumentGrant)?;
        let row = documents::find(&mut tx, account, grant.document_id).await?;
        let row = row.ok_or(Failure::UnknownDocumentGrant)?;
        let key = self.vault.key_of(&owner)?;
        match grant.granted().fetch(&order.request_id, now) {
            Fetch::No => return Err(Failure::UnknownDocumentGrant),
            Fetch::Again => {}
            Fetch::New => {
                if !document_grants::fetch(&mut tx, &grant, &order.request_id, now).await? {
                    return Err(Failure::UnknownDocumentGrant);
                }
                let terms = shown(&key, grant.clone(), now)?.terms;
                let to = Asked {
                    client_id: grant.client_id.clone(),
                    client_name: terms.client_name,
                    attributes: Names::default(),
                    purpose: terms.purpose,
                };
                let name = open(&key, &row)?.description.name;
                let name = key.seal_text(&handed_name(row.id), name.as_bytes())?;
                let handed = Handed { id: row.id, name };
                disclosures::add_document(&mut tx, account, &to, terms.level, &handed, now).await?;
                let detail = format!("client={client_id} document={}", row.id);
                let fact =
                    Fact { account, level: Some(terms.level), outcome: "done", detail: &detail };
                record(&mut tx, order, &fact, now).await?;
            }
        }
        tx.commit().await?;
        self.committed();
        let content = self.content(&key, &row).await?;
        Ok(Redeemed { document: open(&key, &row)?, content })
    }
}

pub(super) fn seal_name(id: DocumentGrantId) -> String {
    format!("document grant/{id}")
}

pub(super) fn shown(key: &AccountKey, row: Row, now: Timestamp) -> Result<Shown, Failure> {
    let plain = key.open_text(&seal_name(row.id), &row.terms)?;
    let terms = serde_json::from_slice(&plain).map_err(|_| Failure::StoredAnswer)?;
    let open = row.granted().is_open(now);
    Ok(Shown { row, terms, open })
}
