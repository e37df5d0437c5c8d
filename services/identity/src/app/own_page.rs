//! Log-ins for identity's own pages.

use std::time::Duration;

use siegel_kernel::TrustLevel;

use super::failure::Failure;
use crate::domain::interaction::{AuthRequest, INTERACTION_LIFETIME, Interaction, InteractionId};
use crate::state::Identity;
use crate::store::interactions;

/// Begins a log-in that ends at `path` of this origin with a session of `level` or above.
pub async fn begin(
    state: &Identity,
    path: &str,
    level: TrustLevel,
) -> Result<InteractionId, Failure> {
    begin_in(state, path, level, None).await
}

/// The same in a browser that is known already, by the SHA-256 of its cookie.
pub async fn begin_in(
    state: &Identity,
    path: &str,
    level: TrustLevel,
    browser: Option<[u8; 32]>,
) -> Result<InteractionId, Failure> {
    let now = state.now();
    let id = InteractionId::new(&*state.outside.clock, &*state.outside.entropy)?;
    let interaction = Interaction {
        id,
        request: AuthRequest::to_own_page(path, level, &state.people.name),
        session: None,
        eid_session: None,
        created_at: now,
        expires_at: now.plus(Duration::from_secs(INTERACTION_LIFETIME)),
        browser,
    };
    let mut tx = state.outside.db.begin().await?;
    interactions::insert(&mut tx, &interaction).await?;
    tx.commit().await?;
    Ok(id)
}
