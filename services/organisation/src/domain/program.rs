//! What a program of an organisation may do: what its role says, and nothing else. No mandate, no
//! unit and no substitution leads to a program, and members' own mailboxes are closed to it.

use siegel_kernel::{OrganisationId, Timestamp, typed_id};

use super::access::{Action, Role};
use super::decide::{Allowed, Answer, Denied};
use super::mailbox::{MembershipId, Place};
use super::mailbox_right::{Facts, Standing, mailbox_right};

typed_id! {
    /// A program that acts for an organisation.
    SystemUserId = "sys", random
}

/// A program that counts.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    pub organisation: OrganisationId,
    pub role: Role,
}

/// May this program do this for that organisation?
#[derive(Clone, Copy, Debug)]
pub struct ProgramQuestion {
    pub program: SystemUserId,
    pub organisation: OrganisationId,
    pub action: Action,
    pub place: Place,
}

impl Program {
    /// Decides; `None` is a program that was revoked or never was.
    pub fn decide(
        program: Option<&Self>,
        question: &ProgramQuestion,
        mail: &Facts,
        now: Timestamp,
    ) -> Answer {
        let own = program.filter(|program| program.organisation == question.organisation);
        let program = own.ok_or(Denied::NotAMember)?;
        let central = question.place == Place::Central;
        let missing = if central { Denied::RoleTooLow } else { Denied::MailboxRightMissing };
        let may = match question.action.right() {
            None => central && program.role.may(question.action),
            Some(right) => {
                let mailbox = mail.mailboxes.get(&(question.organisation, question.place));
                let path =
                    mailbox.and_then(|m| mailbox_right(&program.standing(), m, &[], right, now));
                path.is_some()
            }
        };
        if may { Ok(Allowed::by(program.path())) } else { Err(missing) }
    }

    /// By role alone: no member has this id, so that nothing given to a member by name fits it.
    fn standing(&self) -> Standing {
        let member = MembershipId::from_uuid(uuid::Uuid::nil());
        Standing { member, role: Some(self.role), units: Vec::new() }
    }

    /// `system-user:mail-receiver`
    fn path(&self) -> String {
        format!("system-user:{}", self.role.as_str())
    }
}

#[cfg(test)]
mod tests {
    use siegel_kernel::OrganisationMailboxId;
    use uuid::Uuid;

    use super::super::mailbox::{Kind, Right, Rights};
    use super::super::mailbox_right::{Grant, Holder, Known};
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_000);

    fn firm(n: u128) -> OrganisationId {
        OrganisationId::from_uuid(Uuid::from_u128(n))
    }

    fn ask(action: Action, place: Place) -> ProgramQuestion {
        let program = SystemUserId::from_uuid(Uuid::from_u128(5));
        ProgramQuestion { program, organisation: firm(1), action, place }
    }

    fn function() -> Place {
        Place::Other(OrganisationMailboxId::from_uuid(Uuid::from_u128(7)))
    }

    fn mail(place: Place, kind: Kind, grants: Vec<Grant>) -> Facts {
        let mut facts = Facts::default();
        facts.mailboxes.insert((firm(1), place), Known { place, kind, grants });
        facts
    }

    fn decided(role: Role, question: &ProgramQuestion, mail: &Facts) -> Answer {
        let program = Program { organisation: firm(1), role };
        Program::decide(Some(&program), question, mail, NOW)
    }

    #[test]
    fn a_program_does_in_the_central_mailbox_what_its_role_says() {
        let central = mail(Place::Central, Kind::Central, Vec::new());
        let may = |role, action| decided(role, &ask(action, Place::Central), &central).is_ok();
        assert!(may(Role::ReadOnly, Action::ReadMail));
        assert!(!may(Role::ReadOnly, Action::ReceiveMail));
        assert!(may(Role::MailReceiver, Action::ReceiveMail));
        assert!(!may(Role::MailReceiver, Action::Act));
        assert!(may(Role::CaseWorker, Action::Act));
        for role in [Role::CaseWorker, Role::MailReceiver, Role::ReadOnly] {
            assert!(!may(role, Action::ManageMembers), "{role:?}");
        }
        let allowed = decided(Role::ReadOnly, &ask(Action::ReadMail, Place::Central), &central);
        assert_eq!(allowed.unwrap().path, "system-user:read-only");
    }

    #[test]
    fn a_program_of_another_organisation_or_a_revoked_one_may_nothing() {
        let central = mail(Place::Central, Kind::Central, Vec::new());
        let question = ask(Action::ReadMail, Place::Central);
        let other = Program { organisation: firm(2), role: Role::CaseWorker };
        for program in [None, Some(&other)] {
            let answer = Program::decide(program, &question, &central, NOW);
            assert_eq!(answer, Err(Denied::NotAMember));
        }
    }

    #[test]
    fn beside_the_central_mailbox_only_what_was_given_to_the_role_is_open() {
        let read = ask(Action::ReadMail, function());
        let refused = Err(Denied::MailboxRightMissing);
        let none = Facts::default();
        assert_eq!(decided(Role::CaseWorker, &read, &none), refused, "no such mailbox");
        let member = MembershipId::from_uuid(Uuid::from_u128(9));
        for holder in [Holder::Member(member), Holder::Role(Role::ReadOnly)] {
            let rights = Rights::of([Right::Read]);
            let grants = vec![Grant { place: function(), holder, rights }];
            let mail = mail(function(), Kind::function("Bauakten").unwrap(), grants);
            let open = decided(Role::ReadOnly, &read, &mail).is_ok();
            assert_eq!(open, holder == Holder::Role(Role::ReadOnly), "{holder:?}");
        }
        let own = mail(function(), Kind::Personal(member), Vec::new());
        assert_eq!(decided(Role::CaseWorker, &read, &own), refused, "a member's own");
    }
}
