use siegel_kernel::AccountId;
use siegel_oidc::catalogue;

use super::{App, Fact, Failure, Order, record};
use crate::domain::{BadField, Proof};
use crate::store::{accounts, attributes};

impl App {
    /// Replaces the confirmed address and orders notification to learn it. An account whose
    /// opening is still on its way is unknown here; identity asks again.
    pub async fn change_email(
        &self,
        order: &Order,
        account: AccountId,
        email: &str,
    ) -> Result<(), Failure> {
        let checked = catalogue::attribute("email").map(|row| row.check(email));
        if !matches!(checked, Some(Ok(()))) {
            return Err(BadField::new("email", "is not an e-mail address").into());
        }
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if order.begin(&mut tx, now).await?.is_some() {
            return Ok(());
        }
        let row = accounts::lock(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let key = self.vault.key_of(&row)?;
        let proof = Proof::confirmed(now);
        attributes::supersede(&mut tx, account, "email", &proof, now).await?;
        let new = self.sealed(&key, account, "email", email, proof, now)?;
        attributes::add(&mut tx, &new).await?;
        self.contact_changed(&mut tx, account, new.id, now).await?;
        let fact = Fact { account, level: None, outcome: "done", detail: "" };
        record(&mut tx, order, &fact, now).await?;
        order.finish(&mut tx, b"").await?;
        tx.commit().await?;
        self.committed();
        Ok(())
    }
}
