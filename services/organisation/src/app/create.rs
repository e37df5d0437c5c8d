use siegel_db::events::{self, NewEvent};
use siegel_db::{Attempt, IdempotencyKey, begin_request, finish_request};
use siegel_kernel::{AccountId, OrganisationId, TrustLevel};

use super::{App, Fact, Failure, TOPIC, pseudonym, record};
use crate::domain::{Organisation, RegisterEntry, Role};
use crate::store::memberships::{self, Membership, MembershipId};
use crate::store::organisations::{self, Seen};
use crate::store::person_gone;

/// Below this nobody founds an organisation.
const NEEDED: TrustLevel = TrustLevel::Substantial;

/// The person who founds.
#[derive(Clone, Debug)]
pub struct Founder {
    pub account: AccountId,
    /// Level of the session.
    pub level: TrustLevel,
    /// Scope of the request id and actor in the audit trail.
    pub caller: String,
}

/// What is to be founded.
#[derive(Clone, Debug)]
pub struct Founding {
    pub request_id: String,
    pub digest: [u8; 32],
    pub name: String,
    pub legal_form: String,
    pub register: Option<RegisterEntry>,
}

impl App {
    /// Founds an organisation with the founder as its owner.
    pub async fn create(&self, founder: &Founder, founding: Founding) -> Result<Seen, Failure> {
        let now = self.clock.now();
        if founder.level < NEEDED {
            self.refused(founder, &founding.request_id).await?;
            return Err(Failure::TrustTooLow { held: founder.level, needed: NEEDED });
        }
        let id = OrganisationId::new(self.clock.as_ref(), self.entropy.as_ref())?;
        let Founding { request_id, digest, name, legal_form, register } = founding;
        let new = Organisation::found(id, &name, &legal_form, register, now)?;
        let key = IdempotencyKey { caller: &founder.caller, request_id: &request_id, digest };

        let mut tx = self.db.begin().await?;
        match begin_request(&mut tx, &key, now).await? {
            Attempt::Fresh => {}
            Attempt::Conflict => return Err(Failure::RequestIdReused),
            Attempt::Repeated(answer) => {
                let id = String::from_utf8(answer).ok().and_then(|text| text.parse().ok());
                let id = id.ok_or(Failure::StoredAnswer)?;
                let seen = organisations::seen_by(&mut tx, id, founder.account).await?;
                return seen.ok_or(Failure::UnknownOrganisation);
            }
        }
        if person_gone::is_marked(&mut tx, &pseudonym(founder.account)).await? {
            return Err(Failure::UnknownPerson);
        }
        organisations::add(&mut tx, &new).await?;
        let owner = Membership {
            id: MembershipId::new(self.clock.as_ref(), self.entropy.as_ref())?,
            organisation: id,
            account: founder.account,
            role: Role::Owner,
            began_at: now,
        };
        memberships::add(&mut tx, &owner).await?;
        let payload = serde_json::json!({ "organisation_id": id, "account_id": founder.account });
        let event = NewEvent {
            topic: TOPIC,
            kind: "organisation.created",
            payload: payload.to_string().into_bytes(),
            occurred_at: now,
        };
        events::append(&mut tx, &event).await?;
        let organisation = id.to_string();
        let fact = Fact {
            caller: &founder.caller,
            subject: &organisation,
            level: founder.level,
            outcome: "done",
            request_id: &request_id,
            detail: &format!("owner={}", pseudonym(founder.account)),
        };
        record(&mut tx, &fact, now).await?;
        finish_request(&mut tx, &key, organisation.as_bytes()).await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(Seen { organisation: new, role: Role::Owner })
    }

    /// Writes the refusal into the audit trail.
    async fn refused(&self, founder: &Founder, request_id: &str) -> Result<(), Failure> {
        let mut tx = self.db.begin().await?;
        let fact = Fact {
            caller: &founder.caller,
            subject: &pseudonym(founder.account),
            level: founder.level,
            outcome: "TRUST_TOO_LOW",
            request_id,
            detail: "",
        };
        record(&mut tx, &fact, self.clock.now()).await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(())
    }
}
