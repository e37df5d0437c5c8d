//! The letter of a claim, once it was sent, for the organisation's postbox too: everybody who reads
//! its mail learns of the claim, and can end it.

use serde::{Deserialize, Serialize};
use siegel_crypto::{SealError, b64};
use siegel_db::{Tx, outbox};
use siegel_kernel::OrganisationId;
use siegel_receipt_pdf::{Language, window};

use super::claims::Letter;
use super::{App, Failure, Vault};
use crate::domain::claim::{ClaimId, State};
use crate::ports::house_letters::JOB;
use crate::store::claims::{self, Claim};

/// A letter that was sent, until the postbox has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SentLetter {
    pub claim: ClaimId,
    letter: Letter,
    organisation: String,
    claimant: String,
}

/// As the postbox takes it: subject and text in both languages, and the page that was printed.
pub struct HouseLetter {
    pub organisation: OrganisationId,
    pub german: (String, String),
    pub english: (String, String),
    pub pdf: Vec<u8>,
}

const CONTEXT: &str = "claim letter";

impl SentLetter {
    /// As it waits in the outbox: sealed, since it holds the code.
    fn sealed(&self, vault: &Vault) -> Result<Vec<u8>, SealError> {
        let text = serde_json::to_string(self).unwrap_or_default();
        Ok(b64::encode(vault.seal(CONTEXT, &text)?).into_bytes())
    }

    pub fn open(vault: &Vault, payload: &[u8]) -> Option<Self> {
        let text = vault.open(CONTEXT, &b64::decode(payload)?).ok()?;
        serde_json::from_str(&text).ok()
    }
}

impl App {
    /// Orders the letter for the postbox, in the transaction in which it counts as sent: the claim
    /// keeps no more than a hash of its code from then on.
    pub(super) async fn order_house_letter(
        &self,
        tx: &mut Tx,
        claim: &Claim,
        letter: Letter,
        (organisation, claimant): (String, String),
    ) -> Result<(), Failure> {
        let sent = SentLetter { claim: claim.id, letter, organisation, claimant };
        let payload = sent.sealed(self.vault()?)?;
        Ok(outbox::put(tx, JOB, &payload, self.clock.now()).await?)
    }

    /// The letter to deliver; `None` when its claim is over and nobody needs to hear of it.
    pub async fn house_letter(&self, sent: &SentLetter) -> Result<Option<HouseLetter>, Failure> {
        let mut tx = self.db.read().await?;
        let claim = claims::find(&mut tx, sent.claim).await?;
        drop(tx);
        let counts = |c: &Claim| matches!(c.state, State::Cooling | State::Active);
        let Some(claim) = claim.filter(counts) else { return Ok(None) };
        let Some(organisation) = claim.organisation else { return Ok(None) };
        let names = (sent.organisation.as_str(), sent.claimant.as_str());
        let text = |language| self.drawn(&claim, &sent.letter, names, language, window::text);
        Ok(Some(HouseLetter {
            organisation,
            german: text(Language::German)?,
            english: text(Language::English)?,
            pdf: self.render(&claim, &sent.letter, names, Language::German)?,
        }))
    }
}
