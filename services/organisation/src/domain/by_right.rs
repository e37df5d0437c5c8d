//! What the decision asks about mailboxes: the rights of members in them, and what mandates open.

use siegel_kernel::Timestamp;

use super::decide::Denied;
use super::mailbox::{Kind, Place, Right};
use super::mailbox_right::{Facts, mailbox_right};
use super::{Allowed, Question};

/// What a member may do in a mailbox of the organisation.
pub(super) fn by_right(
    question: &Question,
    right: Right,
    mail: &Facts,
    now: Timestamp,
) -> Result<Allowed, Denied> {
    let central = question.about.mailbox.is_empty();
    let missing = if central { Denied::RoleTooLow } else { Denied::MailboxRightMissing };
    let organisation = question.party.organisation().ok_or(missing)?;
    let place = Place::parse(&question.about.mailbox).ok_or(missing)?;
    let member = mail.members.get(&(question.account, organisation)).ok_or(missing)?;
    // A mailbox of another organisation, or none, is one in which nobody has a right.
    let mailbox = mail.mailboxes.get(&(organisation, place)).ok_or(missing)?;
    let path = mailbox_right(member, mailbox, &mail.stand_ins, right, now).ok_or(missing)?;
    Ok(Allowed {
        member: Some(member.member),
        by_substitution: path.is_substitution(),
        ..Allowed::by(path.to_string())
    })
}

/// A mandate for everything reaches every mailbox that the organisation has, but no member's own.
pub(super) fn open_to_mandates(question: &Question, mail: &Facts) -> Result<(), Denied> {
    if question.action.right().is_none() || question.about.mailbox.is_empty() {
        return Ok(());
    }
    let place = Place::parse(&question.about.mailbox);
    let place = place.and_then(|place| Some((question.party.organisation()?, place)));
    match place.and_then(|place| mail.mailboxes.get(&place)) {
        Some(mailbox) if !matches!(mailbox.kind, Kind::Personal(_)) => Ok(()),
        _ => Err(Denied::MailboxRightMissing),
    }
}

#[cfg(test)]
mod tests {
    use siegel_kernel::{OrganisationMailboxId, TrustLevel};
    use uuid::Uuid;

    use super::super::mailbox::MembershipId;
    use super::super::mailbox_right::{Known, Reason, StandIn, Standing};
    use super::super::{Action, Party, Role, Scope};
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_000);

    fn member(n: u128) -> MembershipId {
        MembershipId::from_uuid(Uuid::from_u128(n))
    }

    /// May account 1, reading only, do this in a mailbox beside the central one?
    fn question() -> (Question, Facts) {
        let place = Place::Other(OrganisationMailboxId::from_uuid(Uuid::from_u128(7)));
        let organisation = format!("org_{:032x}", 1).parse().unwrap();
        let question = Question {
            account: format!("acc_{:032x}", 1).parse().unwrap(),
            party: Party::Organisation(organisation),
            action: Action::ReceiveMail,
            level: TrustLevel::High,
            about: Scope { mailbox: place.text(), ..Scope::default() },
            mandate: None,
        };
        let mut facts = Facts::default();
        let standing =
            Standing { member: member(1), role: Some(Role::ReadOnly), units: Vec::new() };
        facts.members.insert((question.account, organisation), standing);
        (question, facts)
    }

    fn open(facts: &mut Facts, question: &Question, kind: Kind) {
        let place = Place::parse(&question.about.mailbox).unwrap();
        let of = (question.party.organisation().unwrap(), place);
        facts.mailboxes.insert(of, Known { place, kind, grants: Vec::new() });
    }

    #[test]
    fn a_member_does_in_a_mailbox_what_whom_they_stand_in_for_may() {
        let (question, mut facts) = question();
        let receive = |facts: &Facts| by_right(&question, Right::ReceiveFormal, facts, NOW);
        assert_eq!(receive(&facts), Err(Denied::MailboxRightMissing), "no such mailbox");
        open(&mut facts, &question, Kind::Personal(member(2)));
        assert_eq!(receive(&facts), Err(Denied::MailboxRightMissing));
        let role = Some(Role::CaseWorker);
        facts.stand_ins.push(StandIn {
            reason: Reason::Absence,
            absent: Standing { member: member(2), role, units: Vec::new() },
            substitute: member(1),
            place: None,
            from: NOW,
            until: Timestamp::from_micros(2_000),
        });
        let allowed = receive(&facts).unwrap();
        assert_eq!(allowed.path, "member:read-only/substitute");
        assert_eq!((allowed.member, allowed.by_substitution), (Some(member(1)), true));
    }

    #[test]
    fn a_mandate_opens_the_mailboxes_there_are_and_no_members_own() {
        let (question, mut facts) = question();
        assert_eq!(open_to_mandates(&question, &facts), Err(Denied::MailboxRightMissing));
        open(&mut facts, &question, Kind::Personal(member(2)));
        assert_eq!(open_to_mandates(&question, &facts), Err(Denied::MailboxRightMissing));
        open(&mut facts, &question, Kind::function("Bauakten").unwrap());
        assert_eq!(open_to_mandates(&question, &facts), Ok(()));
        let act = Question { action: Action::Act, ..question };
        assert_eq!(open_to_mandates(&act, &Facts::default()), Ok(()), "no matter of mail");
    }
}
