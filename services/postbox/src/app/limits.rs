//! What senders of a tenant may attach.

use siegel_db::StoreError;

use super::Postbox;
use crate::domain::attachment::Limits;

impl Postbox {
    /// The limits on attachments of one tenant, as its operators set them; for persons and unknown
    /// tenants the configured ones.
    pub async fn limits_of(&self, tenant: &str) -> Result<Limits, StoreError> {
        Ok(self.policy().await?.attachments(tenant, self.limits.of_tenant(tenant)))
    }
}
