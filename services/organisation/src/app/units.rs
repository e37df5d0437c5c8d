//! Units and contact points.

use serde_json::json;
use siegel_kernel::{AccountId, OrganisationId};

use super::order::{Begun, Done, tell};
use super::{App, Failure, Order, Refusal};
use crate::domain::mailbox::MembershipId;
use crate::domain::units::{self as tree, MOST_UNITS, Misplaced, Unit, UnitId};
use crate::domain::{bad, is_line};
use crate::store::contact_points::{self, ContactPoint, ContactPointId};
use crate::store::{standing, units};

/// Most contact points of one organisation.
const MOST_CONTACTS: usize = 100;

/// How an organisation is reached, as it was asked for.
#[derive(Clone, Debug)]
pub struct NewContact {
    /// Number of the wire.
    pub kind: i32,
    pub value: String,
    pub label: String,
    pub unit: Option<UnitId>,
}

impl From<Misplaced> for Refusal {
    fn from(why: Misplaced) -> Self {
        match why {
            Misplaced::UnknownParent => Self::UnitUnknown,
            Misplaced::Cycle => Self::UnitCycle,
            Misplaced::TooDeep => Self::TooDeep,
        }
    }
}

impl App {
    /// Parents before their children.
    pub async fn units(
        &self,
        account: AccountId,
        id: OrganisationId,
    ) -> Result<Vec<(Unit, Vec<MembershipId>)>, Failure> {
        let mut tx = self.db.read().await?;
        let standing = standing::of(&mut tx, id, account).await?;
        standing.ok_or(Failure::UnknownOrganisation)?;
        let mut members = units::members(&mut tx, id).await?;
        let all = tree::in_order(units::all(&mut tx, id).await?).into_iter();
        let with_members = |unit: Unit| {
            let of_unit = members.remove(&unit.id).unwrap_or_default();
            (unit, of_unit)
        };
        Ok(all.map(with_members).collect())
    }

    pub async fn create_unit(
        &self,
        order: &Order,
        organisation: OrganisationId,
        name: &str,
        parent: Option<UnitId>,
    ) -> Result<UnitId, Failure> {
        named(name)?;
        let mut tx = match self.begin(order).await? {
            Begun::Fresh(tx) => tx,
            Begun::Again(answer) => return answer.parse().map_err(|_| Failure::StoredAnswer),
        };
        self.manager(&mut tx, order, organisation).await?;
        let all = units::all(&mut tx, organisation).await?;
        if all.len() >= MOST_UNITS {
            return Err(Refusal::TooManyUnits.into());
        }
        tree::place(&all, None, parent).map_err(Refusal::from)?;
        let id = UnitId::new(self.clock.as_ref(), self.entropy.as_ref())?;
        let unit = Unit { id, name: name.to_owned(), parent };
        let now = self.clock.now();
        units::add(&mut tx, organisation, &unit, now).await?;
        let more = json!({ "unit_id": id });
        tell(&mut tx, "organisation.unit.created", organisation, more, now).await?;
        let (subject, answer) = (organisation.to_string(), id.to_string());
        let done = Done { subject: &subject, detail: &answer, answer: &answer };
        self.finish(tx, order, &done).await?;
        Ok(id)
    }

    /// Renames or moves.
    pub async fn change_unit(
        &self,
        order: &Order,
        organisation: OrganisationId,
        unit: Unit,
    ) -> Result<(), Failure> {
        named(&unit.name)?;
        let Begun::Fresh(mut tx) = self.begin(order).await? else { return Ok(()) };
        self.manager(&mut tx, order, organisation).await?;
        let all = units::all(&mut tx, organisation).await?;
        if !all.iter().any(|u| u.id == unit.id) {
            return Err(Refusal::UnitUnknown.into());
        }
        tree::place(&all, Some(unit.id), unit.parent).map_err(Refusal::from)?;
        units::change(&mut tx, organisation, &unit).await?;
        let more = json!({ "unit_id": unit.id });
        tell(&mut tx, "organisation.unit.changed", organisation, more, self.clock.now()).await?;
        let (subject, detail) = (organisation.to_string(), unit.id.to_string());
        self.finish(tx, order, &Done { subject: &subject, detail: &detail, answer: "" }).await
    }

    pub async fn close_unit(
        &self,
        order: &Order,
        organisation: OrganisationId,
        unit: UnitId,
    ) -> Result<(), Failure> {
        let Begun::Fresh(mut tx) = self.begin(order).await? else { return Ok(()) };
        self.manager(&mut tx, order, organisation).await?;
        let all = units::all(&mut tx, organisation).await?;
        if all.iter().any(|u| u.parent == Some(unit)) {
            return Err(Refusal::UnitNotEmpty.into());
        }
        let now = self.clock.now();
        if !units::close(&mut tx, organisation, unit, now).await? {
            return Err(Refusal::UnitUnknown.into());
        }
        contact_points::remove_of_unit(&mut tx, unit).await?;
        let more = json!({ "unit_id": unit });
        tell(&mut tx, "organisation.unit.closed", organisation, more, now).await?;
        let (subject, detail) = (organisation.to_string(), unit.to_string());
        self.finish(tx, order, &Done { subject: &subject, detail: &detail, answer: "" }).await
    }

    /// Says which members belong to a unit, in place of what was said before.
    pub async fn set_unit_members(
        &self,
        order: &Order,
        (organisation, unit): (OrganisationId, UnitId),
        members: &[MembershipId],
    ) -> Result<(), Failure> {
        let Begun::Fresh(mut tx) = self.begin(order).await? else { return Ok(()) };
        self.manager(&mut tx, order, organisation).await?;
        if !units::exists(&mut tx, organisation, unit).await? {
            return Err(Refusal::UnitUnknown.into());
        }
        if !units::set_members(&mut tx, organisation, unit, members).await? {
            return Err(Refusal::MemberUnknown.into());
        }
        let more = json!({ "unit_id": unit });
        tell(&mut tx, "organisation.unit.changed", organisation, more, self.clock.now()).await?;
        let (subject, detail) = (organisation.to_string(), unit.to_string());
        self.finish(tx, order, &Done { subject: &subject, detail: &detail, answer: "" }).await
    }

    pub async fn contact_points(
        &self,
        account: AccountId,
        id: OrganisationId,
    ) -> Result<Vec<ContactPoint>, Failure> {
        let mut tx = self.db.read().await?;
        let standing = standing::of(&mut tx, id, account).await?;
        standing.ok_or(Failure::UnknownOrganisation)?;
        Ok(contact_points::all(&mut tx, id).await?)
    }

    pub async fn add_contact_point(
        &self,
        order: &Order,
        organisation: OrganisationId,
        new: NewContact,
    ) -> Result<ContactPointId, Failure> {
        if !new.label.is_empty() && !is_line(&new.label, 100) {
            return Err(bad("label", "has more than 100 characters or lines").into());
        }
        let mut tx = match self.begin(order).await? {
            Begun::Fresh(tx) => tx,
            Begun::Again(answer) => return answer.parse().map_err(|_| Failure::StoredAnswer),
        };
        self.manager(&mut tx, order, organisation).await?;
        if let Some(unit) = new.unit
            && !units::exists(&mut tx, organisation, unit).await?
        {
            return Err(Refusal::UnitUnknown.into());
        }
        if contact_points::all(&mut tx, organisation).await?.len() >= MOST_CONTACTS {
            return Err(Refusal::TooManyContactPoints.into());
        }
        let id = ContactPointId::new(self.clock.as_ref(), self.entropy.as_ref())?;
        let NewContact { kind, value, label, unit } = new;
        let row = ContactPoint { id, kind: i64::from(kind), value, label, unit_id: unit };
        contact_points::add(&mut tx, organisation, &row, self.clock.now()).await?;
        let (subject, answer) = (organisation.to_string(), id.to_string());
        let done = Done { subject: &subject, detail: &answer, answer: &answer };
        self.finish(tx, order, &done).await?;
        Ok(id)
    }

    pub async fn remove_contact_point(
        &self,
        order: &Order,
        organisation: OrganisationId,
        id: ContactPointId,
    ) -> Result<(), Failure> {
        let Begun::Fresh(mut tx) = self.begin(order).await? else { return Ok(()) };
        self.manager(&mut tx, order, organisation).await?;
        if !contact_points::remove(&mut tx, organisation, id).await? {
            return Err(Refusal::ContactPointUnknown.into());
        }
        let (subject, detail) = (organisation.to_string(), id.to_string());
        self.finish(tx, order, &Done { subject: &subject, detail: &detail, answer: "" }).await
    }
}

fn named(name: &str) -> Result<(), Failure> {
    if is_line(name, 100) {
        Ok(())
    } else {
        Err(bad("name", "has not 1 to 100 characters on one line").into())
    }
}
