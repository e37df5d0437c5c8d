//! What operators decide, and what is wrong with it.

use serde::{Deserialize, Serialize};
use siegel_kernel::Timestamp;
use siegel_kernel::berlin::LegalDay;

use super::attachment::Limits;
use super::letter::{Violation, line};
use super::{HandleId, HoldId, LetterId, ProposalId};

/// Share of a lane when nobody says.
pub const WEIGHT: u32 = 10;
const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;
/// Largest attachment of any profile, bytes.
const LARGEST: i64 = 1 << 31;

/// Which attachments are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// What the installation is configured with.
    Configured,
    /// 5 × 2 MiB, as the federal postbox.
    Federal,
    /// 20 × 2 GiB.
    Large,
}

impl Profile {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::Federal => "federal",
            Self::Large => "large",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Configured, Self::Federal, Self::Large].into_iter().find(|p| p.as_str() == text)
    }
}

/// Limits of a tenant's attachments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentLimits {
    pub profile: Profile,
    /// In place of the profile's.
    pub attachments: Option<i64>,
    pub attachment_bytes: Option<i64>,
}

impl AttachmentLimits {
    /// These limits where the installation's are `configured`.
    pub fn over(&self, configured: Limits) -> Limits {
        let (count, bytes) = match self.profile {
            Profile::Configured => (configured.count, configured.bytes),
            Profile::Federal => (5, 2 * MIB),
            Profile::Large => (20, 2 * GIB),
        };
        Limits {
            count: self.attachments.and_then(|n| usize::try_from(n).ok()).unwrap_or(count),
            bytes: self.attachment_bytes.and_then(|n| u64::try_from(n).ok()).unwrap_or(bytes),
            media_types: configured.media_types,
        }
    }
}

/// How much a sender may send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Empty for every sender of the tenant that has no quota of its own.
    pub client_id: String,
    pub letters_per_hour: Option<i64>,
    pub bytes_per_day: Option<i64>,
    /// Share of a lane.
    pub weight: u32,
}

/// How long content stays after a letter's end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetentionClass {
    pub name: String,
    pub days: i64,
    /// For letters that name none.
    pub is_default: bool,
}

/// What a hold lies on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HoldOn {
    Letter(LetterId),
    Mailbox(HandleId),
    Case(HandleId, String),
}

/// A new row of the rule table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRule {
    pub legal_basis: String,
    pub law: String,
    /// Local dates.
    pub valid_from: String,
    pub valid_to: Option<String>,
    pub day0_event: String,
    pub days: i64,
    pub shifts: bool,
    pub on_no_retrieval: String,
    pub provision_days: Option<i64>,
}

/// A period, microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    pub from_us: i64,
    pub to_us: i64,
}

/// Everything an operator can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    SetAttachments(AttachmentLimits),
    SetQuota(Quota),
    SetRetention(RetentionClass),
    PlaceHold { on: HoldOn, reference: String },
    ReleaseHold { hold: HoldId },
    AddRule(NewRule),
    ConfirmRule { rule: String },
    DeclareOutage { period: Period, reason: String },
    Approve { proposal: ProposalId, digest: Vec<u8> },
    Reject { proposal: ProposalId },
}

impl Change {
    /// Kind of the audit line.
    pub const fn audit_kind(&self) -> &'static str {
        match self {
            Self::SetAttachments(_) => "postbox.attachment_limits.set",
            Self::SetQuota(_) => "postbox.quota.set",
            Self::SetRetention(_) => "postbox.retention_class.set",
            Self::PlaceHold { .. } => "postbox.legal_hold.placed",
            Self::ReleaseHold { .. } => "postbox.legal_hold.release_proposed",
            Self::AddRule(_) => "postbox.rule.proposed",
            Self::ConfirmRule { .. } => "postbox.rule.confirmation_proposed",
            Self::DeclareOutage { .. } => "postbox.outage.declared",
            Self::Approve { .. } => "postbox.proposal.approved",
            Self::Reject { .. } => "postbox.proposal.rejected",
        }
    }

    /// The name of a change that waits for a second operator; `None` for those that do not.
    pub const fn proposed_as(&self) -> Option<&'static str> {
        match self {
            Self::ReleaseHold { .. } => Some("release_hold"),
            Self::AddRule(_) => Some("add_rule"),
            Self::ConfirmRule { .. } => Some("confirm_rule"),
            _ => None,
        }
    }

    /// Whether it holds for every tenant, so that only the operator of the platform decides.
    pub const fn is_for_all_tenants(&self) -> bool {
        matches!(self, Self::AddRule(_) | Self::ConfirmRule { .. } | Self::DeclareOutage { .. })
    }

    /// Everything that is wrong with its form.
    pub fn violations(&self, now: Timestamp) -> Vec<Violation> {
        match self {
            Self::SetAttachments(limits) => limits.violations(),
            Self::SetQuota(quota) => quota.violations(),
            Self::SetRetention(class) => class.violations(),
            Self::PlaceHold { on, reference } => {
                let case = match on {
                    HoldOn::Case(_, case) => line("case_id", case, true),
                    _ => None,
                };
                line("reference", reference, true).into_iter().chain(case).collect()
            }
            Self::AddRule(rule) => rule.violations(LegalDay::of(now)),
            Self::DeclareOutage { period, reason } => {
                let mut found: Vec<_> = line("reason", reason, true).into_iter().collect();
                if period.to_us <= period.from_us || period.to_us > now.as_micros() {
                    found.push(Violation::new("to", "must be after `from` and not to come"));
                }
                found
            }
            _ => Vec::new(),
        }
    }
}

impl AttachmentLimits {
    fn violations(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        if self.attachments.is_some_and(|n| !(1..=100).contains(&n)) {
            found.push(Violation::new("limits.attachments", "must be 1 to 100"));
        }
        if self.attachment_bytes.is_some_and(|n| !(1..=LARGEST).contains(&n)) {
            found.push(Violation::new("limits.attachment_bytes", "must be at most 2 GiB"));
        }
        found
    }
}

impl Quota {
    fn violations(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        if !(1..=100).contains(&self.weight) {
            found.push(Violation::new("quota.weight", "must be 1 to 100"));
        }
        for (field, limit) in [
            ("quota.letters_per_hour", self.letters_per_hour),
            ("quota.bytes_per_day", self.bytes_per_day),
        ] {
            if limit.is_some_and(|n| n < 1) {
                found.push(Violation::new(field, "must not be negative"));
            }
        }
        found
    }
}

impl RetentionClass {
    fn violations(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        if !is_name(&self.name) {
            let problem = "must be 1 to 64 of a-z, 0-9 and -";
            found.push(Violation::new("retention_class.name", problem));
        }
        if !(1..=36_600).contains(&self.days) {
            found.push(Violation::new("retention_class.days", "must be 1 to 36600"));
        }
        found
    }
}

impl NewRule {
    fn violations(&self, today: LegalDay) -> Vec<Violation> {
        let mut found: Vec<_> = line("rule.law", &self.law, true).into_iter().collect();
        let mut check = |good: bool, field: &str, problem: &'static str| {
            if !good {
                found.push(Violation::new(field, problem));
            }
        };
        check(is_name(&self.legal_basis), "rule.legal_basis", "must be 1 to 64 of a-z, 0-9 and -");
        let from = LegalDay::parse(&self.valid_from);
        let in_time = from.is_some_and(|day| day > today);
        check(in_time, "rule.valid_from", "must be a date from tomorrow on");
        let to = self.valid_to.as_deref().map(LegalDay::parse);
        let to_fits = to.is_none_or(|to| to.is_some() && to >= from);
        check(to_fits, "rule.valid_to", "must be a date not before `valid_from`");
        let day0 = ["provision", "sending", "notification", "retrieval"];
        check(day0.contains(&self.day0_event.as_str()), "rule.day0_event", "is no event");
        // Nothing is deemed from a retrieval that never was; and formal service, which has to end
        // by its answer or its day, cannot wait for a notification that may never leave.
        let counts = match self.day0_event.as_str() {
            "retrieval" => self.on_no_retrieval == "provision_ends",
            "notification" => self.on_no_retrieval != "deemed_served",
            _ => true,
        };
        check(counts, "rule.on_no_retrieval", "does not fit `day0_event`");
        check((0..=366).contains(&self.days), "rule.days", "must be at most 366");
        let ends = self.on_no_retrieval == "provision_ends";
        let known = ends || ["deemed_announced", "deemed_served"].contains(&&*self.on_no_retrieval);
        check(known, "rule.on_no_retrieval", "is no end");
        let days_fit = match self.provision_days {
            Some(days) => ends && (1..=366).contains(&days),
            None => !ends,
        };
        check(days_fit, "rule.provision_days", "must stand there for `provision_ends` only");
        found
    }
}

/// Names of classes and legal bases.
fn is_name(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=64).contains(&text.len()) && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> NewRule {
        NewRule {
            legal_basis: "ozg-9".into(),
            law: "OZG § 9 Abs. 1".into(),
            valid_from: "2026-01-01".into(),
            valid_to: None,
            day0_event: "provision".into(),
            days: 5,
            shifts: false,
            on_no_retrieval: "deemed_announced".into(),
            provision_days: None,
        }
    }

    fn fields(rule: NewRule) -> Vec<String> {
        let now = Timestamp::parse_rfc3339("2025-12-31T12:00:00Z").unwrap();
        Change::AddRule(rule).violations(now).into_iter().map(|v| v.field).collect()
    }

    #[test]
    fn a_rule_reaches_no_day_that_was_computed_already() {
        assert_eq!(fields(rule()), [""; 0]);
        assert_eq!(
            fields(NewRule { valid_from: "2025-12-31".into(), ..rule() }),
            ["rule.valid_from"]
        );
        let before = NewRule { valid_to: Some("2025-12-31".into()), ..rule() };
        assert_eq!(fields(before), ["rule.valid_to"]);
    }

    #[test]
    fn provision_days_stand_where_provision_ends_and_nowhere_else() {
        assert_eq!(fields(NewRule { provision_days: Some(3), ..rule() }), ["rule.provision_days"]);
        let ends = NewRule { on_no_retrieval: "provision_ends".into(), ..rule() };
        assert_eq!(fields(ends), ["rule.provision_days"]);
    }

    #[test]
    fn no_fiction_counts_from_a_retrieval_that_never_was_and_no_service_from_a_notification() {
        let of = |event: &str, end: &str| NewRule {
            day0_event: event.into(),
            on_no_retrieval: end.into(),
            ..rule()
        };
        for (event, end) in [("retrieval", "deemed_announced"), ("notification", "deemed_served")] {
            assert_eq!(fields(of(event, end)), ["rule.on_no_retrieval"], "{event}");
        }
        assert_eq!(fields(of("notification", "deemed_announced")), [""; 0]);
        let retrieved = of("retrieval", "provision_ends");
        assert_eq!(fields(NewRule { provision_days: Some(10), ..retrieved }), [""; 0]);
    }

    #[test]
    fn a_profile_gives_way_to_numbers() {
        let configured = || Limits { count: 3, bytes: 7, media_types: vec!["a/b".into()] };
        let over = |profile, attachments| {
            let limits = AttachmentLimits { profile, attachments, attachment_bytes: None };
            let limits = limits.over(configured());
            (limits.count, limits.bytes)
        };
        assert_eq!(over(Profile::Configured, None), (3, 7));
        assert_eq!(over(Profile::Federal, None), (5, 2 * MIB));
        assert_eq!(over(Profile::Large, Some(2)), (2, 2 * GIB));
    }
}
