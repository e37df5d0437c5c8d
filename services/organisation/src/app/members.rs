//! Members and programs of an organisation.

use serde_json::json;
use siegel_crypto::Jwk;
use siegel_db::Tx;
use siegel_kernel::{AccountId, OrganisationId};

use super::order::{Begun, Done, tell};
use super::{App, Failure, Order, Refusal, leaving};
use crate::domain::{Role, SystemUserId, bad, is_line};
use crate::store::members::{self, Member};
use crate::store::memberships::MembershipId;
use crate::store::system_users::{self, SystemUser};
use crate::store::{invitations, standing};

/// A member as others see it.
#[derive(Clone, Debug)]
pub struct Shown {
    pub member: Member,
    pub name: String,
    pub own: bool,
}

/// A program that is to be registered.
#[derive(Clone, Debug)]
pub struct NewSystemUser {
    pub name: String,
    pub role: Role,
    pub jwk: String,
}

impl App {
    pub async fn members(
        &self,
        account: AccountId,
        id: OrganisationId,
    ) -> Result<Vec<Shown>, Failure> {
        let mut tx = self.db.read().await?;
        let standing = standing::of(&mut tx, id, account).await?;
        standing.ok_or(Failure::UnknownOrganisation)?;
        let all = members::all(&mut tx, id).await?;
        drop(tx);
        let shown = |member: Member| {
            let own = member.account == account;
            Ok(Shown { name: self.name_of(&member)?, own, member })
        };
        all.into_iter().map(shown).collect()
    }

    fn name_of(&self, member: &Member) -> Result<String, Failure> {
        let Some(sealed) = &member.name_sealed else { return Ok(String::new()) };
        Ok(self.vault()?.open(&format!("member/{}", member.id), sealed)?)
    }

    pub async fn change_role(
        &self,
        order: &Order,
        organisation: OrganisationId,
        id: MembershipId,
        role: Role,
    ) -> Result<(), Failure> {
        let Begun::Fresh(mut tx) = self.begin(order).await? else { return Ok(()) };
        let own = self.settled_manager(&mut tx, order, organisation).await?;
        let member = members::one(&mut tx, organisation, id).await?;
        let member = member.ok_or(Refusal::MemberUnknown)?;
        if !own.role.may_change(Some(member.role), Some(role)) {
            return Err(Refusal::RoleTooLow.into());
        }
        if role != Role::Owner {
            keeps_an_owner(&mut tx, &member).await?;
        }
        self.give_role(&mut tx, &member, role).await?;
        let (subject, detail) = (organisation.to_string(), format!("{id} {}", role.as_str()));
        self.finish(tx, order, &Done { subject: &subject, detail: &detail, answer: "" }).await
    }

    async fn give_role(&self, tx: &mut Tx, member: &Member, role: Role) -> Result<(), Failure> {
        members::set_role(tx, member.id, role).await?;
        let now = self.desk.legal_clock.now();
        invitations::revoke_beyond(tx, member.id, role, now).await?;
        let more = json!({ "account_id": member.account, "membership_id": member.id,
            "role": role.as_str() });
        let at = self.clock.now();
        Ok(tell(tx, "organisation.member.changed", member.organisation, more, at).await?)
    }

    pub async fn remove_member(
        &self,
        order: &Order,
        organisation: OrganisationId,
        id: MembershipId,
    ) -> Result<(), Failure> {
        let Begun::Fresh(mut tx) = self.begin(order).await? else { return Ok(()) };
        let own = self.settled_manager(&mut tx, order, organisation).await?;
        let member = members::one(&mut tx, organisation, id).await?;
        let member = member.ok_or(Refusal::MemberUnknown)?;
        if !own.role.may_change(Some(member.role), None) {
            return Err(Refusal::RoleTooLow.into());
        }
        keeps_an_owner(&mut tx, &member).await?;
        leaving::end(&mut tx, &member, self.clock.now()).await?;
        let (subject, detail) = (organisation.to_string(), id.to_string());
        self.finish(tx, order, &Done { subject: &subject, detail: &detail, answer: "" }).await
    }

    pub async fn leave(&self, order: &Order, organisation: OrganisationId) -> Result<(), Failure> {
        let Begun::Fresh(mut tx) = self.begin(order).await? else { return Ok(()) };
        let own = self.member(&mut tx, order, organisation).await?;
        let member = members::one(&mut tx, organisation, own.membership).await?;
        let member = member.ok_or(Failure::UnknownOrganisation)?;
        keeps_an_owner(&mut tx, &member).await?;
        leaving::end(&mut tx, &member, self.clock.now()).await?;
        let (subject, detail) = (organisation.to_string(), own.membership.to_string());
        self.finish(tx, order, &Done { subject: &subject, detail: &detail, answer: "" }).await
    }

    /// Makes another owner; the caller becomes `own_role`, or no member.
    pub async fn hand_over(
        &self,
        order: &Order,
        organisation: OrganisationId,
        to: MembershipId,
        own_role: Option<Role>,
    ) -> Result<(), Failure> {
        let Begun::Fresh(mut tx) = self.begin(order).await? else { return Ok(()) };
        let own = self.settled_manager(&mut tx, order, organisation).await?;
        if own.role != Role::Owner {
            return Err(Refusal::RoleTooLow.into());
        }
        let heir = members::one(&mut tx, organisation, to).await?;
        let heir = heir.filter(|m| m.id != own.membership).ok_or(Refusal::MemberUnknown)?;
        let giver = members::one(&mut tx, organisation, own.membership).await?;
        let giver = giver.ok_or(Failure::UnknownOrganisation)?;
        self.give_role(&mut tx, &heir, Role::Owner).await?;
        match own_role {
            Some(role) => self.give_role(&mut tx, &giver, role).await?,
            None => leaving::end(&mut tx, &giver, self.clock.now()).await?,
        }
        let (subject, detail) = (organisation.to_string(), to.to_string());
        self.finish(tx, order, &Done { subject: &subject, detail: &detail, answer: "" }).await
    }

    pub async fn set_equal_rights(
        &self,
        order: &Order,
        organisation: OrganisationId,
        on: bool,
    ) -> Result<(), Failure> {
        let Begun::Fresh(mut tx) = self.begin(order).await? else { return Ok(()) };
        let own = self.settled_manager(&mut tx, order, organisation).await?;
        if own.role != Role::Owner {
            return Err(Refusal::RoleTooLow.into());
        }
        standing::set_equal_rights(&mut tx, organisation, on).await?;
        let more = json!({ "equal_rights": on });
        let at = self.clock.now();
        tell(&mut tx, "organisation.equal_rights.changed", organisation, more, at).await?;
        let subject = organisation.to_string();
        let detail = if on { "on" } else { "off" };
        self.finish(tx, order, &Done { subject: &subject, detail, answer: "" }).await
    }

    pub async fn system_users(
        &self,
        account: AccountId,
        id: OrganisationId,
    ) -> Result<Vec<SystemUser>, Failure> {
        let mut tx = self.db.read().await?;
        let standing = standing::of(&mut tx, id, account).await?;
        standing.ok_or(Failure::UnknownOrganisation)?;
        Ok(system_users::all(&mut tx, id).await?)
    }

    pub async fn register_system_user(
        &self,
        order: &Order,
        organisation: OrganisationId,
        new: NewSystemUser,
    ) -> Result<SystemUserId, Failure> {
        if !is_line(&new.name, 100) {
            return Err(bad("name", "has not 1 to 100 characters on one line").into());
        }
        if !new.role.is_for_programs() {
            return Err(bad("role", "is none of case worker, mail receiver, read-only").into());
        }
        let (jwk, key_thumbprint) = public_key(&new.jwk)?;
        let mut tx = match self.begin(order).await? {
            Begun::Fresh(tx) => tx,
            Begun::Again(answer) => return answer.parse().map_err(|_| Failure::StoredAnswer),
        };
        let own = self.settled_manager(&mut tx, order, organisation).await?;
        let id = SystemUserId::new(self.clock.as_ref(), self.entropy.as_ref())?;
        let now = self.clock.now();
        let row = SystemUser {
            id,
            organisation,
            claim: own.claim,
            registered_by: Some(own.membership),
            name: new.name,
            role: new.role,
            key_thumbprint,
            jwk,
            registered_at: now,
            revoked_at: None,
        };
        if !system_users::add(&mut tx, &row).await? {
            return Err(Refusal::KeyRegistered.into());
        }
        let more = json!({ "system_user_id": id, "role": new.role.as_str() });
        tell(&mut tx, "organisation.system_user.added", organisation, more, now).await?;
        let (subject, answer) = (organisation.to_string(), id.to_string());
        let done = Done { subject: &subject, detail: &answer, answer: &answer };
        self.finish(tx, order, &done).await?;
        Ok(id)
    }

    pub async fn revoke_system_user(
        &self,
        order: &Order,
        organisation: OrganisationId,
        id: SystemUserId,
    ) -> Result<(), Failure> {
        let Begun::Fresh(mut tx) = self.begin(order).await? else { return Ok(()) };
        self.manager(&mut tx, order, organisation).await?;
        let now = self.clock.now();
        if !system_users::revoke(&mut tx, organisation, id, now).await? {
            return Err(Refusal::SystemUserUnknown.into());
        }
        let more = json!({ "system_user_id": id });
        tell(&mut tx, "organisation.system_user.ended", organisation, more, now).await?;
        let (subject, detail) = (organisation.to_string(), id.to_string());
        self.finish(tx, order, &Done { subject: &subject, detail: &detail, answer: "" }).await
    }

    /// A program, if it counts.
    pub async fn system_user(&self, id: SystemUserId) -> Result<SystemUser, Failure> {
        let mut tx = self.db.read().await?;
        let found = system_users::by_id(&mut tx, id).await?;
        found.ok_or(Refusal::SystemUserUnknown.into())
    }
}

/// Refuses what would leave the organisation without an owner.
async fn keeps_an_owner(tx: &mut Tx, without: &Member) -> Result<(), Failure> {
    if without.role != Role::Owner {
        return Ok(());
    }
    let all = members::all(tx, without.organisation).await?;
    let other = all.iter().any(|m| m.role == Role::Owner && m.id != without.id);
    if other { Ok(()) } else { Err(Refusal::LastOwner.into()) }
}

/// A public key as it is kept, with its thumbprint. Private members of a JWK are refused, never
/// dropped: whoever sent one has lost the key.
fn public_key(text: &str) -> Result<(String, String), Failure> {
    let bad_key = |problem| Failure::from(bad("jwk", problem));
    let json: serde_json::Value =
        serde_json::from_str(text).map_err(|_| bad_key("is no JSON object"))?;
    let private = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
    if private.iter().any(|member| json.get(member).is_some()) {
        return Err(bad_key("holds a private key, which is known to others now"));
    }
    let weak = json.get("n").and_then(|n| n.as_str()).is_some_and(|n| {
        let bytes = siegel_crypto::b64::decode(n).unwrap_or_default();
        bytes.iter().skip_while(|b| **b == 0).count() < 256
    });
    let jwk: Jwk = serde_json::from_value(json).map_err(|_| bad_key("is no JWK"))?;
    if weak || siegel_crypto::algorithm_of(&jwk).is_none() {
        return Err(bad_key("is of a kind or size that is not accepted"));
    }
    let thumbprint = siegel_crypto::thumbprint(&jwk).map_err(|_| bad_key("is no JWK"))?;
    let kept = serde_json::to_string(&jwk).map_err(|_| bad_key("is no JWK"))?;
    Ok((kept, thumbprint))
}
