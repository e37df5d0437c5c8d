//! The mailboxes that a person may look into.

use siegel_grpc::Person;
use siegel_proto::organisation::v1::{Mailbox as Wire, MailboxKind, MailboxRight, ReadableMailbox};

use super::Postbox;
use super::flag::Counted;
use super::reader::ReadError;
use crate::ports::access;
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
    /// yet are there and empty.
    #[tracing::instrument(name = "postbox.list_mailboxes", skip_all)]
    pub async fn boxes(&self, person: &Person) -> Result<Vec<Shown>, ReadError> {
        let readable = access::readable(&self.siblings, person).await?;
        let mut tx = self.db.read().await?;
        let own = mailboxes::of_owner(&mut tx, Owner::Account(person.account)).await?;
        let mut shown = vec![Shown { of: None, counts: counts(own.as_ref()) }];
        for ReadableMailbox { mailbox, organisation_name, .. } in readable {
            let Some(wire) = mailbox else { continue };
            let Some(owner) = owner(&wire) else { continue };
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

fn owner(wire: &Wire) -> Option<Owner> {
    let organisation = wire.organisation_id.parse().ok()?;
    if wire.mailbox_id.is_empty() {
        return Some(Owner::Organisation(organisation));
    }
    Some(Owner::Beside(organisation, wire.mailbox_id.parse().ok()?))
}

fn counts(mailbox: Option<&Mailbox>) -> Counted {
    mailbox.map_or_else(Counted::default, Counted::of)
}
