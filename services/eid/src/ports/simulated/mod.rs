//! A card that exists only in the sandbox, with fictional holders. It answers like a card: PIN,
//! blocking, expiry, pseudonym.

mod personas;

use futures_util::future::{BoxFuture, ready};
use siegel_config::Profile;
use siegel_crypto::{RootSecret, b64};
use siegel_kernel::TrustLevel;

pub use personas::{CardState, Persona, personas};

use crate::domain::{Claim, Order};
use crate::ports::{Identity, IdentitySource, SourceError};

/// The PIN that the simulation takes for wrong; every other six digits open the card.
pub const WRONG_PIN: &str = "000000";
/// Tries before the PIN is blocked (BSI TR-03110-2 §3.3: PACE retry counter of the eID PIN).
pub const PIN_TRIES: u32 = 3;

/// The simulated card may not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SimulatedCardError {
    #[error("profile = \"production\" does not allow the simulated card: change `source` in [eid]")]
    Production,
    #[error("the personas of the simulated card cannot be read")]
    Personas,
}

/// The adapter. Cannot be made when the profile is production.
pub struct SimulatedCard {
    secret: RootSecret,
    origin: String,
    personas: Vec<Persona>,
}

/// What a card does with a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinAnswer {
    /// Not six digits: the card was not asked.
    Malformed,
    Wrong,
    Opens,
    /// The card answers, and cannot be used: blocked, or no longer valid.
    Unusable,
}

impl SimulatedCard {
    /// `secret` keeps pseudonyms of one installation apart from those of every other.
    pub fn new(
        profile: Profile,
        origin: &str,
        secret: RootSecret,
    ) -> Result<Self, SimulatedCardError> {
        if profile.is_production() {
            return Err(SimulatedCardError::Production);
        }
        let personas = personas().map_err(|_| SimulatedCardError::Personas)?;
        Ok(Self { secret, origin: origin.to_owned(), personas })
    }

    /// All cards that can be laid on the reader.
    pub fn personas(&self) -> &[Persona] {
        &self.personas
    }

    pub fn persona(&self, id: &str) -> Option<&Persona> {
        self.personas.iter().find(|persona| persona.id == id)
    }

    /// Lays the card on the reader and enters the PIN.
    pub fn enter_pin(persona: &Persona, pin: &str) -> PinAnswer {
        let six_digits = pin.len() == 6 && pin.bytes().all(|b| b.is_ascii_digit());
        match (persona.state, six_digits) {
            (CardState::Blocked, _) => PinAnswer::Unusable,
            (_, false) => PinAnswer::Malformed,
            (_, true) if pin == WRONG_PIN => PinAnswer::Wrong,
            // Validity is checked behind the PIN (BSI TR-03110-4, auxiliary data).
            (CardState::Expired, true) => PinAnswer::Unusable,
            (CardState::Valid, true) => PinAnswer::Opens,
        }
    }

    /// A key for the forms of this face, from the same secret.
    pub fn form_key(&self) -> [u8; 32] {
        *self.secret.key("eid form tokens").as_bytes()
    }

    fn identify(&self, reference: &str, claims: &[Claim]) -> Result<Identity, SourceError> {
        let persona = self.persona(reference).ok_or(SourceError("no such persona"))?;
        let key = self.secret.key(&format!("eid pseudonym of card {}", persona.card));
        let pseudonym = b64::encode(key.as_bytes());
        let on_card = |claim: &Claim| Some((*claim, persona.value(*claim)?.to_owned()));
        let attributes = claims.iter().filter_map(on_card).collect();
        Ok(Identity { pseudonym, level: TrustLevel::High, attributes })
    }
}

impl IdentitySource for SimulatedCard {
    fn name(&self) -> &'static str {
        "simulated"
    }

    fn start<'a>(&'a self, order: &'a Order) -> BoxFuture<'a, Result<String, SourceError>> {
        let url = format!("{}/eid/simulated/{}?ui_locales={}", self.origin, order.id, order.locale);
        Box::pin(ready(Ok(url)))
    }

    fn identity<'a>(
        &'a self,
        reference: &'a str,
        claims: &'a [Claim],
    ) -> BoxFuture<'a, Result<Identity, SourceError>> {
        Box::pin(ready(self.identify(reference, claims)))
    }
}

#[cfg(test)]
mod tests;
