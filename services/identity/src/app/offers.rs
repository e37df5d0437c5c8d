//! What a person can do to reach a level: the credentials they have, and those anybody can add on
//! the way.

use siegel_db::StoreError;
use siegel_kernel::{AccountId, TrustLevel};

use crate::domain::interaction::AuthRequest;
use crate::domain::reach::{self, method_of_kind};
use crate::state::Identity;
use crate::store::credentials;

/// Methods of this person that count for the request and reach `needed`, weakest first. The card is
/// among them for everybody: it is bound when it is first shown.
pub async fn reaching(
    state: &Identity,
    request: &AuthRequest,
    account: AccountId,
    needed: TrustLevel,
) -> Result<Vec<&'static str>, StoreError> {
    let mut tx = state.outside.db.read().await?;
    let held = credentials::list(&mut tx, account).await?;
    drop(tx);
    let own = held.iter().filter(|c| c.level >= needed).filter_map(|c| method_of_kind(&c.kind));
    let card = std::iter::once("sc");
    let offered = |method: &&str| state.config.people.methods.iter().any(|m| m == method);
    let methods: Vec<String> = own
        .chain(card)
        .filter(offered)
        .filter(|method| request.takes(method))
        .map(str::to_owned)
        .collect();
    Ok(reach::reaching(&methods, needed))
}
