use siegel_kernel::AccountId;

use super::{App, Fact, Failure, Order, record};
use crate::domain::{Asked, BadField, Names};
use crate::store::accounts;
use crate::store::consents::{self, Consent, ConsentId};

impl App {
    /// Stores a consent. What stood for the same client and purpose is taken over into it, so that
    /// there is one to show and one to withdraw.
    pub async fn record_consent(
        &self,
        order: &Order,
        account: AccountId,
        asked: &Asked,
    ) -> Result<ConsentId, Failure> {
        if asked.attributes.is_empty() {
            return Err(BadField::new("attributes", "names none").into());
        }
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if let Some(answer) = order.begin(&mut tx, now).await? {
            let text = String::from_utf8(answer).map_err(|_| Failure::StoredAnswer)?;
            return text.parse().map_err(|_| Failure::StoredAnswer);
        }
        accounts::lock(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let mut attributes = asked.attributes.clone();
        for before in consents::standing(&mut tx, account).await? {
            if before.asked.client_id == asked.client_id && before.asked.purpose == asked.purpose {
                attributes = attributes.union(&before.asked.attributes);
                consents::replace(&mut tx, before.id, now).await?;
            }
        }
        let id = ConsentId::new(self.clock.as_ref(), self.entropy.as_ref())?;
        let consent = Consent { id, asked: Asked { attributes, ..asked.clone() }, given_at: now };
        consents::add(&mut tx, account, &consent).await?;
        let detail = detail(asked, &asked.attributes);
        let fact = Fact { account, level: None, outcome: "done", detail: &detail };
        record(&mut tx, order, &fact, now).await?;
        order.finish(&mut tx, id.to_string().as_bytes()).await?;
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
        consents::withdraw(&mut tx, account, id, now).await?;
        let detail = id.to_string();
        let fact = Fact { account, level: order.level, outcome: "done", detail: &detail };
        record(&mut tx, order, &fact, now).await?;
        order.finish(&mut tx, b"").await?;
        tx.commit().await?;
        self.committed();
        Ok(())
    }
}

/// For the audit trail: who is to receive what. The purpose may be any text and stays out.
pub(super) fn detail(asked: &Asked, attributes: &Names) -> String {
    format!("client={} attributes={}", asked.client_id, attributes.to_text())
}
