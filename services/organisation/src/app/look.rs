use siegel_kernel::{AccountId, OrganisationId};

use super::{App, Failure};
use crate::store::organisations::{self, Seen};

impl App {
    /// An organisation of the caller; anybody else's does not exist for it.
    pub async fn organisation(
        &self,
        account: AccountId,
        id: OrganisationId,
    ) -> Result<Seen, Failure> {
        let mut tx = self.db.read().await?;
        let seen = organisations::seen_by(&mut tx, id, account).await?;
        seen.ok_or(Failure::UnknownOrganisation)
    }

    /// The organisations the caller is a member of, by name.
    pub async fn organisations(&self, account: AccountId) -> Result<Vec<Seen>, Failure> {
        let mut tx = self.db.read().await?;
        Ok(organisations::all_of(&mut tx, account).await?)
    }
}
