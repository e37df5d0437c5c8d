//! What senders of a tenant may attach.

use super::Postbox;
use crate::domain::attachment::Limits;

impl Postbox {
    /// The limits on attachments of one tenant; for persons and unknown tenants the default ones.
    pub fn limits_of(&self, tenant: &str) -> Limits {
        self.limits.of_tenant(tenant)
    }
}
