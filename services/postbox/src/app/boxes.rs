//! The mailboxes that a person may look into.

use siegel_grpc::Person;
use siegel_kernel::OrganisationId;
use siegel_proto::organisation::v1::{Mailbox as Wire, MailboxKind, MailboxRight, ReadableMailbox};

use super::Postbox;
use super::flag::Counted;
use super::reader::ReadError;
use crate::ports::access::{self, Represented};
use crate::store::mailboxes::{self, Mailbox, Owner};

/// A mailbox with how many letters lie where.
#[derive(Clone, Debug)]
pub struct Shown {
    /// `None` for the person's own.
    pub of: Option<Of>,
    pub counts: Counted,
}

/// A mailbox of an organisation.
#[derive(Clone, Debug)]
pub struct Of {
    pub organisation_id: String,
    pub organisation_name: String,
    /// Empty for the central one.
    pub mailbox_id: String,
    pub kind: MailboxKind,
    pub name: String,
    pub rights: Vec<MailboxRight>,
}

impl Postbox {
    /// The person's own mailbox, then those of their organisations. Mailboxes that nobody wrote to
    /// yet are there and empty. Who chose for whom they act sees the mailboxes of that organisation.
    #[tracing::instrument(name = "postbox.list_mailboxes", skip_all)]
    pub async fn boxes(&self, person: &Person) -> Result<Vec<Shown>, ReadError> {
        let readable = access::readable(&self.siblings, person).await?;
        let mut tx = self.db.read().await?;
        let own = mailboxes::of_owner(&mut tx, Owner::Account(person.account)).await?;
        let chosen = person.acting_for.as_ref().map(|chosen| Represented::from(chosen.party));
        let mut shown = vec![Shown { of: None, counts: counts(own.as_ref()) }];
        shown.retain(|_| chosen.is_none());
        for ReadableMailbox { mailbox, organisation_name, .. } in readable {
            let Some(wire) = mailbox else { continue };
            let Some((organisation, owner)) = owner(&wire) else { continue };
            if chosen.is_some_and(|chosen| chosen != Represented::Organisation(organisation)) {
                continue;
            }
            let found = mailboxes::of_owner(&mut tx, owner).await?;
            let of = Of {
                kind: wire.kind(),
                rights: wire.own_rights().collect(),
                organisation_id: wire.organisation_id,
                organisation_name,
                mailbox_id: wire.mailbox_id,
                name: wire.name,
            };
            shown.push(Shown { of: Some(of), counts: counts(found.as_ref()) });
        }
        Ok(shown)
    }
}

/// The organisation, and which of its mailboxes it is.
fn owner(wire: &Wire) -> Option<(OrganisationId, Owner)> {
    let organisation = wire.organisation_id.parse().ok()?;
    if wire.mailbox_id.is_empty() {
        return Some((organisation, Owner::Organisation(organisation)));
    }
    Some((organisation, Owner::Beside(organisation, wire.mailbox_id.parse().ok()?)))
}

fn counts(mailbox: Option<&Mailbox>) -> Counted {
    mailbox.map_or_else(Counted::default, Counted::of)
}
