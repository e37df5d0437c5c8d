//! Invitations: bound to an address that was confirmed, a role, a level; good once.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use siegel_db::{Attempt, outbox, seen_request};
use siegel_kernel::{AccountId, OrganisationId, Timestamp, TrustLevel};

use super::order::{Begun, Done};
use super::{App, Failure, Order, Refusal, leaving};
use crate::domain::claim::State;
use crate::domain::{Role, bad, codes, is_line};
use crate::ports::{addresses, mail};
use crate::store::invitations::{self, Invitation, InvitationId, InvitationState};
use crate::store::memberships::{self, Membership, MembershipId};
use crate::store::{attempts, claims, members, standing};

/// Characters of a code: 80 bits.
pub const CODE: usize = 16;
/// Most members and open invitations together (MUK allows 500 certificates).
const MOST: i64 = 500;
/// How long invitations that are over are shown.
const SHOWN: Duration = Duration::from_hours(90 * 24);
/// Wrong codes within [`WINDOW`] after which no more are tried.
pub const TRIES: usize = 5;
pub const WINDOW: Duration = Duration::from_hours(1);

/// Who is invited to what.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    pub name: String,
    pub email: String,
    pub role: Role,
    pub minimum_level: TrustLevel,
    /// `de` or `en`.
    pub locale: String,
}

/// The person an invitation means, sealed in the database.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Invited {
    pub name: String,
    pub email: String,
}

/// An invitation as owners and administrators see it.
#[derive(Clone, Debug)]
pub struct ShownInvitation {
    pub invitation: Invitation,
    pub person: Invited,
}

/// What the invited see before they accept.
#[derive(Clone, Debug)]
pub struct Offer {
    pub organisation_name: String,
    pub invitation: Invitation,
    pub person: Invited,
}

impl App {
    pub async fn invite(
        &self,
        order: &Order,
        organisation: OrganisationId,
        new: NewInvitation,
    ) -> Result<InvitationId, Failure> {
        if !is_line(&new.name, 200) {
            return Err(bad("name", "has not 1 to 200 characters on one line").into());
        }
        let vault = self.vault()?;
        let mut tx = match self.begin(order).await? {
            Begun::Fresh(tx) => tx,
            Begun::Again(answer) => return answer.parse().map_err(|_| Failure::StoredAnswer),
        };
        let own = self.settled_manager(&mut tx, order, organisation).await?;
        if !own.role.may_change(None, Some(new.role)) {
            return Err(Refusal::RoleTooLow.into());
        }
        if invitations::taken(&mut tx, organisation).await? >= MOST {
            return Err(Refusal::TooManyMembers.into());
        }
        let id = InvitationId::new(self.clock.as_ref(), self.entropy.as_ref())?;
        let code = codes::write(&self.entropy.array::<CODE>()?);
        let person = Invited { name: new.name, email: new.email.clone() };
        let now = self.desk.legal_clock.now();
        let row = Invitation {
            id,
            organisation,
            membership: own.membership,
            claim: own.claim,
            person_sealed: Some(vault.seal(&context(id), &json(&person)?)?),
            role: new.role,
            minimum_level: new.minimum_level,
            state: InvitationState::Open,
            invited_at: now,
            expires_at: now.plus(self.desk.invitation_lifetime),
        };
        invitations::add(&mut tx, &row, &vault.mac("invitation", &code)).await?;
        let mail = mail::Order { invitation: id, email: new.email, code, locale: new.locale };
        let job = mail.sealed(vault)?;
        outbox::put(&mut tx, mail::JOB, &job, self.clock.now()).await?;
        let (subject, answer) = (organisation.to_string(), id.to_string());
        let detail = format!("{answer} {}", new.role.as_str());
        let done = Done { subject: &subject, detail: &detail, answer: &answer };
        self.finish(tx, order, &done).await?;
        Ok(id)
    }

    /// Open invitations, and those of the last weeks; for owners and administrators.
    pub async fn invitations(
        &self,
        account: AccountId,
        id: OrganisationId,
    ) -> Result<Vec<ShownInvitation>, Failure> {
        let now = self.desk.legal_clock.now();
        let mut tx = self.db.read().await?;
        let standing = standing::of(&mut tx, id, account).await?;
        if !standing.ok_or(Failure::UnknownOrganisation)?.role.manages() {
            return Err(Refusal::RoleTooLow.into());
        }
        let all = invitations::since(&mut tx, id, now.minus(SHOWN)).await?;
        drop(tx);
        let shown = |mut invitation: Invitation| {
            if invitation.state == InvitationState::Open && invitation.expires_at <= now {
                invitation.state = InvitationState::Expired;
            }
            let open = invitation.state == InvitationState::Open;
            let person = if open { self.person_of(&invitation)? } else { Invited::default() };
            Ok(ShownInvitation { invitation, person })
        };
        all.into_iter().map(shown).collect()
    }

    fn person_of(&self, invitation: &Invitation) -> Result<Invited, Failure> {
        let Some(sealed) = &invitation.person_sealed else { return Ok(Invited::default()) };
        let text = self.vault()?.open(&context(invitation.id), sealed)?;
        serde_json::from_str(&text).map_err(|_| Failure::StoredAnswer)
    }

    pub async fn revoke_invitation(
        &self,
        order: &Order,
        organisation: OrganisationId,
        id: InvitationId,
    ) -> Result<(), Failure> {
        let Begun::Fresh(mut tx) = self.begin(order).await? else { return Ok(()) };
        self.manager(&mut tx, order, organisation).await?;
        let now = self.desk.legal_clock.now();
        let state = InvitationState::Revoked;
        if !invitations::settle(&mut tx, organisation, id, state, now).await? {
            return Err(Refusal::InvitationUnknown.into());
        }
        let (subject, detail) = (organisation.to_string(), id.to_string());
        self.finish(tx, order, &Done { subject: &subject, detail: &detail, answer: "" }).await
    }

    /// What the code offers to this account, if it is meant.
    pub async fn offer(&self, account: AccountId, code: &str) -> Result<Offer, Failure> {
        let vault = self.vault()?;
        let key = vault.mac("invitation attempts", &account.to_string());
        self.not_too_often(&key).await?;
        let found = self.offered(account, code).await?;
        if found.is_none() {
            self.tried_in_vain(&key).await?;
        }
        found.ok_or(Refusal::InvitationUnknown.into())
    }

    async fn offered(&self, account: AccountId, code: &str) -> Result<Option<Offer>, Failure> {
        let Some(code) = codes::typed(code, CODE) else { return Ok(None) };
        let mac = self.vault()?.mac("invitation", &code);
        let mut tx = self.db.read().await?;
        let found = invitations::by_code(&mut tx, &mac, self.desk.legal_clock.now()).await?;
        let Some(invitation) = found else { return Ok(None) };
        let Some(name) = standing::name(&mut tx, invitation.organisation).await? else {
            return Ok(None);
        };
        drop(tx);
        let person = self.person_of(&invitation)?;
        let confirmed = addresses::confirmed(&self.desk.siblings, account, &person.email).await?;
        Ok(confirmed.then_some(Offer { organisation_name: name, invitation, person }))
    }

    /// Makes the person a member.
    pub async fn accept_invitation(
        &self,
        order: &Order,
        code: &str,
    ) -> Result<OrganisationId, Failure> {
        if let Some(answer) = self.answered(order).await? {
            return answer.parse().map_err(|_| Failure::StoredAnswer);
        }
        let account = order.account()?;
        let Offer { invitation, person, .. } = self.offer(account, code).await?;
        if order.level() < invitation.minimum_level {
            return Err(Refusal::TrustTooLow { needed: invitation.minimum_level }.into());
        }
        let organisation = invitation.organisation;
        let mut tx = match self.begin(order).await? {
            Begun::Fresh(tx) => tx,
            Begun::Again(answer) => return answer.parse().map_err(|_| Failure::StoredAnswer),
        };
        standing::lock(&mut tx, organisation).await?;
        // Nobody joins while a claim cools: the letter's code must find all whom it ends.
        let claim = claims::of_organisation(&mut tx, organisation).await?;
        if claim.as_ref().is_some_and(|claim| claim.state == State::Cooling) {
            return Err(Refusal::ClaimCooling.into());
        }
        let now = self.clock.now();
        let at = self.desk.legal_clock.now();
        let state = InvitationState::Accepted;
        if !invitations::settle(&mut tx, organisation, invitation.id, state, at).await? {
            return Err(Refusal::InvitationUnknown.into());
        }
        let id = MembershipId::new(self.clock.as_ref(), self.entropy.as_ref())?;
        let role = invitation.role;
        let new = Membership { id, organisation, account, role, began_at: now };
        if !memberships::add(&mut tx, &new).await? {
            return Err(Refusal::AlreadyMember.into());
        }
        let name = self.vault()?.seal(&format!("member/{id}"), &person.name)?;
        members::describe(&mut tx, id, Some(&name), invitation.claim).await?;
        leaving::added(&mut tx, &new, now).await?;
        let answer = organisation.to_string();
        let detail = format!("{id} {}", role.as_str());
        let done = Done { subject: &answer, detail: &detail, answer: &answer };
        self.finish(tx, order, &done).await?;
        Ok(organisation)
    }

    async fn answered(&self, order: &Order) -> Result<Option<String>, Failure> {
        let mut tx = self.db.read().await?;
        match seen_request(&mut tx, &order.key()).await? {
            Some(Attempt::Repeated(answer)) => {
                String::from_utf8(answer).map(Some).map_err(|_| Failure::StoredAnswer)
            }
            Some(Attempt::Conflict) => Err(Failure::RequestIdReused),
            _ => Ok(None),
        }
    }

    /// Refuses where too many wrong codes were typed for this within the hour.
    pub(super) async fn not_too_often(&self, key: &[u8; 32]) -> Result<(), Failure> {
        let now = self.clock.now();
        let mut tx = self.db.read().await?;
        let wrong = attempts::since(&mut tx, key, now.minus(WINDOW)).await?;
        // The window opens again when the oldest of the last few leaves it.
        let oldest = wrong.len().checked_sub(TRIES).and_then(|n| wrong.get(n));
        match oldest {
            Some(at) => Err(Refusal::TooManyAttempts { retry_in: until(*at, now) }.into()),
            None => Ok(()),
        }
    }

    pub(super) async fn tried_in_vain(&self, key: &[u8; 32]) -> Result<(), Failure> {
        let mut tx = self.db.begin().await?;
        attempts::add(&mut tx, key, self.clock.now()).await?;
        Ok(tx.commit().await?)
    }
}

fn until(oldest: Timestamp, now: Timestamp) -> Duration {
    oldest.plus(WINDOW).since(now).max(Duration::from_secs(1))
}

fn context(id: InvitationId) -> String {
    format!("invitation/{id}")
}

fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|_| Failure::StoredAnswer)
}
