use siegel_kernel::{AccountId, Timestamp};
use siegel_oidc::catalogue::Attribute;

use super::{App, Fact, Failure, Order, record};
use crate::domain::{BadField, Held, NotDeclarable, Proof, check_declaration};
use crate::store::{accounts, attributes};

/// What a person says of an attribute.
#[derive(Clone, Copy, Debug)]
pub enum Said<'a> {
    /// Never empty.
    Value(&'a str),
    /// There is none.
    NotApplicable,
    /// Nothing (any more).
    Nothing,
}

impl<'a> Said<'a> {
    /// What is stored for it; an empty value is the mark that there is none.
    const fn stored(self) -> Option<&'a str> {
        match self {
            Self::Value(value) => Some(value),
            Self::NotApplicable => Some(""),
            Self::Nothing => None,
        }
    }
}

impl App {
    /// Writes what a person says about itself, or removes it.
    pub async fn set_attribute(
        &self,
        order: &Order,
        account: AccountId,
        attribute: &'static Attribute,
        said: Said<'_>,
    ) -> Result<Option<Held>, Failure> {
        if let Said::Value(value) = said {
            attribute.check(value).map_err(|e| BadField::new("value", e.to_string()))?;
        }
        let result = self.declare(order, account, attribute, said).await;
        let at = self.audited(order, account, result).await?;
        Ok(said.stored().map(|value| Held {
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
        said: Said<'_>,
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
        check_declaration(attribute, &held, now)?;
        if matches!(said, Said::NotApplicable) && !attribute.may_not_apply {
            return Err(NotDeclarable::Applies(attribute.name).into());
        }
        let proof = Proof::SELF_DECLARED;
        attributes::supersede(&mut tx, account, attribute.name, &proof, now).await?;
        if let Some(value) = said.stored() {
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
