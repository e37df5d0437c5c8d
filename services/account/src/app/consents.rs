use siegel_db::outbox;
use siegel_kernel::AccountId;

use super::{App, Fact, Failure, Order, record};
use crate::domain::receipt::{self, Page};
use crate::domain::{Asked, BadField, Names, effective};
use crate::ports::client_access;
use crate::store::consents::{self, Consent, ConsentId};
use crate::store::{accounts, attributes, document_grants};

impl App {
    /// Stores a consent. What stood for the same client and purpose is taken over into it, so that
    /// there is one to show and one to withdraw; what is `declined` now stands no more (GDPR
    /// Art. 7(3)). `None` when nothing is left.
    pub async fn record_consent(
        &self,
        order: &Order,
        account: AccountId,
        asked: &Asked,
        declined: &Names,
        page: &Page,
    ) -> Result<Option<ConsentId>, Failure> {
        if asked.attributes.is_empty() && declined.is_empty() {
            return Err(BadField::new("attributes", "names none").into());
        }
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if let Some(answer) = order.begin(&mut tx, now).await? {
            let text = String::from_utf8(answer).map_err(|_| Failure::StoredAnswer)?;
            let id = (!text.is_empty()).then(|| text.parse());
            return id.transpose().map_err(|_| Failure::StoredAnswer);
        }
        let row = accounts::lock(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let mut earlier = Names::default();
        for before in consents::standing(&mut tx, account).await? {
            if before.asked.client_id == asked.client_id && before.asked.purpose == asked.purpose {
                earlier = earlier.union(&before.asked.attributes.without(declined));
                consents::replace(&mut tx, before.id, now).await?;
            }
        }
        let attributes = asked.attributes.union(&earlier);
        let id = if attributes.is_empty() {
            None
        } else {
            let id = ConsentId::new(self.clock.as_ref(), self.entropy.as_ref())?;
            let key = self.vault.key_of(&row)?;
            let stored = attributes::current(&mut tx, account).await?;
            let held = effective(&key.open_values(&stored)?, now);
            let receipt = receipt::write(page, asked, &earlier, &held);
            let receipt = serde_json::to_vec(&receipt).map_err(|_| Failure::StoredAnswer)?;
            let receipt = key.seal_text(&receipt_name(id), &receipt)?;
            let asked = Asked { attributes, ..asked.clone() };
            let new = Consent { id, asked, given_at: now };
            consents::add(&mut tx, account, &new, &receipt).await?;
            Some(id)
        };
        let detail = detail(asked, &asked.attributes);
        let fact = Fact { account, level: None, outcome: "done", detail: &detail };
        record(&mut tx, order, &fact, now).await?;
        let answer = id.map(|id| id.to_string()).unwrap_or_default();
        order.finish(&mut tx, answer.as_bytes()).await?;
        tx.commit().await?;
        self.committed();
        Ok(id)
    }

    /// Ends a consent of the account; one that has ended stays ended.
    pub async fn withdraw_consent(
        &self,
        order: &Order,
        account: AccountId,
        id: ConsentId,
    ) -> Result<(), Failure> {
        let result = self.withdraw(order, account, id).await;
        self.audited(order, account, result).await
    }

    async fn withdraw(
        &self,
        order: &Order,
        account: AccountId,
        id: ConsentId,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if order.begin(&mut tx, now).await?.is_some() {
            return Ok(());
        }
        accounts::lock(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        if !consents::exists(&mut tx, account, id).await? {
            return Err(Failure::UnknownConsent);
        }
        let standing = consents::standing(&mut tx, account).await?;
        consents::withdraw(&mut tx, account, id, now).await?;
        // With the last consent to a client ends what it may fetch of the safe.
        let to = |one: &Consent| one.asked.client_id.clone();
        if let Some(client) = standing.iter().find(|one| one.id == id).map(to) {
            let others = standing.iter().any(|one| one.id != id && one.asked.client_id == client);
            if !others {
                document_grants::end_of_client(&mut tx, account, &client, now).await?;
            }
        }
        // What the client still holds ends at identity; its next log-in asks again.
        outbox::put(&mut tx, client_access::JOB, id.to_string().as_bytes(), now).await?;
        let detail = id.to_string();
        let fact = Fact { account, level: order.level, outcome: "done", detail: &detail };
        record(&mut tx, order, &fact, now).await?;
        order.finish(&mut tx, b"").await?;
        tx.commit().await?;
        self.committed();
        Ok(())
    }
}

/// What the receipt of a consent is sealed as.
pub(super) fn receipt_name(id: ConsentId) -> String {
    format!("consent receipt/{id}")
}

/// For the audit trail: who is to receive what. The purpose may be any text and stays out.
pub(super) fn detail(asked: &Asked, attributes: &Names) -> String {
    format!("client={} attributes={}", asked.client_id, attributes.to_text())
}
