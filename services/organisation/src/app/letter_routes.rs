//! Which mailbox of an organisation the letters of an online service go to.

use siegel_db::audit::{self, Entry};
use siegel_kernel::{AccountId, OrganisationId};

use super::mailboxes::{Change, MailboxFailure, begun, done, manages};
use super::{App, Failure};
use crate::domain::mailbox::Place;
use crate::store::letter_routes::{self, Route, RouteId};
use crate::store::{mailboxes, organisations, standings};

impl App {
    /// The mailbox that letters from the services of a sector go to. Remembers that there are such,
    /// and by which name.
    pub async fn route_letters(
        &self,
        caller: &str,
        organisation: OrganisationId,
        (sector, name): (&str, &str),
    ) -> Result<Place, Failure> {
        let mut tx = self.db.read().await?;
        let known = letter_routes::of_sector(&mut tx, organisation, sector).await?;
        drop(tx);
        if let Some(route) = &known
            && route.name == name
        {
            return Ok(route.place);
        }
        let id = RouteId::new(self.clock.as_ref(), self.entropy.as_ref())?;
        let mut tx = self.db.begin().await?;
        if organisations::find(&mut tx, organisation).await?.is_none() {
            return Err(Failure::UnknownOrganisation);
        }
        let now = self.clock.now();
        letter_routes::note(&mut tx, id, organisation, (sector, name), now).await?;
        let entry = Entry {
            kind: "organisation.letters.sender_known",
            actor: caller,
            subject: &organisation.to_string(),
            level: None,
            outcome: "done",
            request_id: "",
            detail: sector,
            at: now,
        };
        audit::record(&mut tx, &entry).await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(known.map_or(Place::Central, |route| route.place))
    }

    /// The services that may write to an organisation, and whether the member may choose for them.
    pub async fn letter_routes(
        &self,
        account: AccountId,
        organisation: OrganisationId,
    ) -> Result<(Vec<Route>, bool), MailboxFailure> {
        let mut tx = self.db.read().await?;
        let who = (account, organisation);
        let member = standings::of(&mut tx, &[who]).await?.remove(&who);
        let member = member.ok_or(MailboxFailure::UnknownOrganisation)?;
        Ok((letter_routes::all_of(&mut tx, organisation).await?, manages(member.role)))
    }

    /// Chooses the mailbox for the letters of a service.
    pub async fn set_letter_route(
        &self,
        change: Change<'_>,
        (id, place): (RouteId, Place),
    ) -> Result<Route, MailboxFailure> {
        let (mut tx, now) = (self.db.begin().await?, self.clock.now());
        let member = self.changing_member(&mut tx, &change).await?;
        let is_new = begun(&mut tx, &change, now).await?.is_none();
        if is_new && !manages(member.role) {
            return self.refuse_change(tx, &change, MailboxFailure::RightMissing).await;
        }
        if is_new {
            let open = mailboxes::all_of(&mut tx, change.organisation).await?;
            if place != Place::Central && !open.iter().any(|row| row.place == place) {
                return Err(MailboxFailure::UnknownMailbox);
            }
            if !letter_routes::set(&mut tx, change.organisation, (id, place), now).await? {
                return Err(MailboxFailure::UnknownRoute);
            }
            done(&mut tx, &change, (&format!("{id} {}", place.text()), ""), now).await?;
        }
        let routes = letter_routes::all_of(&mut tx, change.organisation).await?;
        let route = routes.into_iter().find(|route| route.id == id);
        tx.commit().await?;
        self.feed.committed();
        route.ok_or(MailboxFailure::UnknownRoute)
    }
}
