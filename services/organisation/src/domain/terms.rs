use std::time::Duration;

use siegel_kernel::{Timestamp, TrustLevel};

use super::{BadField, Grant, Package, Party, Redelegation, Scope, Standing, ToKind, bad};

const DAY: Duration = Duration::from_hours(24);
/// How long an offered mandate waits to be accepted.
pub const OFFERED_FOR: Duration = DAY.saturating_mul(30);
/// The longest a mandate lasts: ten years.
const LONGEST: Duration = DAY.saturating_mul(3_653);
/// The longest until somebody must look again: three years.
const LONGEST_UNREVIEWED: Duration = DAY.saturating_mul(1_096);
/// How far ahead a mandate may begin.
const FURTHEST: Duration = DAY.saturating_mul(366);

/// What a mandate says, before anybody gives or takes it.
#[derive(Clone, Debug)]
pub struct Terms {
    pub to_kind: ToKind,
    pub package: Package,
    pub read_only: bool,
    pub scope: Scope,
    pub level: TrustLevel,
    pub redelegation: Redelegation,
    pub valid_from: Timestamp,
    pub valid_until: Option<Timestamp>,
    pub review_at: Option<Timestamp>,
}

impl Terms {
    /// When it no longer counts: its end or its day of review, whichever comes first.
    pub fn ends_at(&self) -> Result<Timestamp, BadField> {
        let both = [self.valid_until, self.review_at];
        let first = both.into_iter().flatten().min();
        first.ok_or(bad("valid_until", "is missing, and review_at too"))
    }

    /// Refuses what no mandate may say at `now`.
    pub fn check(&self, from: Party, now: Timestamp) -> Result<(), BadField> {
        if !self.scope.is_plain() {
            return Err(bad("scope", "holds more than ids of at most 128 characters"));
        }
        if self.valid_from > now.plus(FURTHEST) {
            return Err(bad("valid_from", "is more than a year ahead"));
        }
        let of_person = from.person().is_some();
        if of_person && !self.package.is_for_persons() {
            return Err(bad("package", "is for organisations only"));
        }
        if of_person && self.to_kind == ToKind::Member {
            return Err(bad("to_kind", "is a member, and a person has none"));
        }
        if self.to_kind != ToKind::Organisation && self.redelegation == Redelegation::Members {
            return Err(bad("redelegation", "is to members, and a person has none"));
        }
        if self.to_kind == ToKind::Member && self.redelegation != Redelegation::Nobody {
            return Err(bad("redelegation", "is not for members"));
        }
        self.check_end(now)
    }

    /// Refuses an end that is none, or too far.
    pub fn check_end(&self, now: Timestamp) -> Result<(), BadField> {
        let begin = self.valid_from.max(now);
        if self.ends_at()? <= begin {
            return Err(bad("valid_until", "or review_at lies before the beginning"));
        }
        if self.valid_until.is_some_and(|end| end > begin.plus(LONGEST)) {
            return Err(bad("valid_until", "is more than ten years ahead"));
        }
        if self.review_at.is_some_and(|at| at > begin.plus(LONGEST_UNREVIEWED)) {
            return Err(bad("review_at", "is more than three years ahead"));
        }
        Ok(())
    }

    /// Whether one of these standings may do all that is granted, and speaks for the organisation.
    pub fn can_be_granted_by<'a>(&self, standings: &'a [Standing]) -> Option<&'a Standing> {
        let speaks = standings.iter().filter(|standing| standing.stands_for_it());
        let mut able = speaks.filter(|standing| {
            let granted = self.package.actions().iter();
            let mut granted = granted.filter(|a| !self.read_only || **a == super::Action::ReadMail);
            granted.all(|action| standing.may(*action))
        });
        able.next()
    }

    /// Whether it stays within the mandate it is passed on from. What that one demands and when it
    /// ends counts at each use anyway; nobody is to believe that they gave more.
    pub fn stay_within(&self, parent: &Grant) -> bool {
        let actions = self.package.actions().iter();
        let mut actions = actions.filter(|a| !self.read_only || **a == super::Action::ReadMail);
        parent.redelegation.lets_pass(self.to_kind, self.redelegation)
            && actions.all(|action| parent.allows(*action))
            && parent.scope.covers(&self.scope)
            && self.level >= parent.level
            && self.ends_at().is_ok_and(|end| end <= parent.ends_at)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Role;
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_741_256_100);

    fn terms() -> Terms {
        Terms {
            to_kind: ToKind::Organisation,
            package: Package::Adviser,
            read_only: false,
            scope: Scope::default(),
            level: TrustLevel::Substantial,
            redelegation: Redelegation::Members,
            valid_from: NOW,
            valid_until: Some(NOW.plus(DAY)),
            review_at: None,
        }
    }

    fn firm() -> Party {
        Party::Organisation(format!("org_{:032x}", 1).parse().unwrap())
    }

    #[test]
    fn a_mandate_without_end_and_without_review_is_none() {
        let endless = Terms { valid_until: None, ..terms() };
        assert_eq!(endless.check(firm(), NOW).unwrap_err().field, "valid_until");
        let reviewed = Terms { review_at: Some(NOW.plus(DAY)), ..endless };
        assert_eq!(reviewed.check(firm(), NOW), Ok(()));
        let late = Terms { review_at: Some(NOW.plus(LONGEST)), ..reviewed };
        assert_eq!(late.check(firm(), NOW).unwrap_err().field, "review_at");
    }

    #[test]
    fn a_mandate_ends_after_it_begins_and_within_ten_years() {
        for end in [NOW, NOW.plus(LONGEST).plus(DAY)] {
            let wrong = Terms { valid_until: Some(end), ..terms() };
            assert_eq!(wrong.check(firm(), NOW).unwrap_err().field, "valid_until");
        }
    }

    #[test]
    fn a_person_grants_nothing_that_only_organisations_have() {
        let person = Party::Person(format!("acc_{:032x}", 1).parse().unwrap());
        let manage = Terms { package: Package::MemberManager, ..terms() };
        assert_eq!(manage.check(person, NOW).unwrap_err().field, "package");
        assert_eq!(manage.check(firm(), NOW), Ok(()));
        let member = Terms { to_kind: ToKind::Member, ..terms() };
        assert_eq!(member.check(person, NOW).unwrap_err().field, "to_kind");
    }

    #[test]
    fn an_administrator_grants_reading_and_not_receiving() {
        let administrator = [Standing::Member(Role::Administrator)];
        assert!(terms().can_be_granted_by(&administrator).is_none());
        let reading = Terms { read_only: true, ..terms() };
        assert!(reading.can_be_granted_by(&administrator).is_some());
        assert!(terms().can_be_granted_by(&[Standing::Member(Role::Owner)]).is_some());
        assert!(terms().can_be_granted_by(&[Standing::Member(Role::CaseWorker)]).is_none());
    }
}
