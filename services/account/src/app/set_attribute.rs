use siegel_kernel::{AccountId, Timestamp};
use siegel_oidc::catalogue::Attribute;

use super::{App, Fact, Failure, Order, record};
use crate::domain::{BadField, Held, Proof, Source, check_declaration};
use crate::store::{accounts, attributes};

impl App {
    /// Writes what a person says about itself, or removes it when `value` is empty.
    pub async fn set_attribute(
        &self,
        order: &Order,
        account: AccountId,
        attribute: &'static Attribute,
        value: &str,
    ) -> Result<Option<Held>, Failure> {
        if !value.is_empty() {
            attribute.check(value).map_err(|e| BadField::new("value", e.to_string()))?;
        }
        let result = self.declare(order, account, attribute, value).await;
        let at = self.audited(order, account, result).await?;
        Ok((!value.is_empty()).then(|| Held {
            name: attribute.name.to_owned(),
            value: value.to_owned(),
            proof: Proof::SELF_DECLARED,
            recorded_at: at,
        }))
    }

    /// When it was written. Only that is kept as the answer: the value would be readable there.
    async fn declare(
        &self,
        order: &Order,
        account: AccountId,
        attribute: &'static Attribute,
        value: &str,
    ) -> Result<Timestamp, Failure> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if let Some(answer) = order.begin(&mut tx, now).await? {
            let at = answer.try_into().map_err(|_| Failure::StoredAnswer)?;
            return Ok(Timestamp::from_micros(i64::from_be_bytes(at)));
        }
        let row = accounts::lock(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let key = self.vault.key_of(&row)?;
        let held = key.open_values(&attributes::current(&mut tx, account).await?)?;
        check_declaration(attribute, &held)?;
        attributes::supersede(&mut tx, account, attribute.name, Source::SelfDeclared, now).await?;
        if !value.is_empty() {
            let proof = Proof::SELF_DECLARED;
            let new = self.sealed(&key, account, attribute.name, value, proof, now)?;
            attributes::add(&mut tx, &new).await?;
        }
        let fact = Fact { account, level: order.level, outcome: "done", detail: attribute.name };
        record(&mut tx, order, &fact, now).await?;
        order.finish(&mut tx, &now.as_micros().to_be_bytes()).await?;
        tx.commit().await?;
        self.committed();
        Ok(now)
    }
}
