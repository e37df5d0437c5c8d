//! What is outside: cards and the servers that read them.

pub mod simulated;

use futures_util::future::BoxFuture;
use siegel_kernel::TrustLevel;

use crate::domain::{Claim, Order};

/// Who a card says its holder is.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// Dienste- und kartenspezifisches Kennzeichen: the same card gives the same text, a new card
    /// another one (BSI TR-03130-1, `RestrictedID`).
    pub pseudonym: String,
    pub level: TrustLevel,
    /// Only what was asked for and is on the card.
    pub attributes: Vec<(Claim, String)>,
}

/// The source cannot answer.
#[derive(Debug, thiserror::Error)]
#[error("the source of identities cannot answer: {0}")]
pub struct SourceError(pub &'static str);

/// Where identities come from: a simulated card, an eID server, a wallet. Adapters end sessions
/// through `App::end` when the person is done.
pub trait IdentitySource: Send + Sync + 'static {
    /// `simulated` or `card`: what callers are told.
    fn name(&self) -> &'static str;

    /// Prepares an identification; the URL to which the person's browser goes.
    fn start<'a>(&'a self, order: &'a Order) -> BoxFuture<'a, Result<String, SourceError>>;

    /// The identity behind the reference with which this source ended a session.
    fn identity<'a>(
        &'a self,
        reference: &'a str,
        claims: &'a [Claim],
    ) -> BoxFuture<'a, Result<Identity, SourceError>>;
}
