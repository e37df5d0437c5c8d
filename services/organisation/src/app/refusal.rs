use std::time::Duration;

use siegel_kernel::TrustLevel;

/// Why something was not done for somebody who asked for it properly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the role does not allow this")]
    RoleTooLow,
    #[error("the field was verified")]
    FieldVerified,
    #[error("there is no such unit")]
    UnitUnknown,
    #[error("a unit cannot be below itself")]
    UnitCycle,
    #[error("the tree of units is too deep")]
    TooDeep,
    #[error("there are too many units")]
    TooManyUnits,
    #[error("the unit has others below it")]
    UnitNotEmpty,
    #[error("there is no such contact point")]
    ContactPointUnknown,
    #[error("there are too many contact points")]
    TooManyContactPoints,
    #[error("there is no such member")]
    MemberUnknown,
    #[error("an organisation keeps an owner")]
    LastOwner,
    #[error("a claim is in its cooling period")]
    ClaimCooling,
    #[error("there are too many members and invitations")]
    TooManyMembers,
    #[error("there is no such invitation")]
    InvitationUnknown,
    #[error("the account is a member already")]
    AlreadyMember,
    #[error("the invitation asks for level {needed}")]
    TrustTooLow { needed: TrustLevel },
    #[error("too many wrong codes were typed")]
    TooManyAttempts { retry_in: Duration },
    #[error("there is no such program")]
    SystemUserUnknown,
    #[error("the key is registered already")]
    KeyRegistered,
    #[error("the record names no register entry and no address")]
    RecordIncomplete,
    #[error("there is a claim already")]
    ClaimExists,
    #[error("there is no such claim")]
    ClaimUnknown,
    #[error("the claim is not at a point where this is done")]
    ClaimState,
    #[error("the certificate comes from no recognised authority, or did not sign this")]
    CertificateUntrusted,
    #[error("the certificate is not this organisation's")]
    CertificateOfAnother,
    #[error("the account elsewhere is not this organisation's")]
    UpstreamOfAnother,
    #[error("the account name or the code is not right")]
    CodeUnknown,
    #[error("the letter has no address yet")]
    AddressMissing,
    #[error("the service has no key for what names persons")]
    KeyMissing,
}

impl Refusal {
    /// The stable reason.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::RoleTooLow => "ROLE_TOO_LOW",
            Self::FieldVerified => "FIELD_VERIFIED",
            Self::UnitUnknown => "UNIT_UNKNOWN",
            Self::UnitCycle => "UNIT_CYCLE",
            Self::TooDeep => "TOO_DEEP",
            Self::TooManyUnits => "TOO_MANY_UNITS",
            Self::UnitNotEmpty => "UNIT_NOT_EMPTY",
            Self::ContactPointUnknown => "CONTACT_POINT_UNKNOWN",
            Self::TooManyContactPoints => "TOO_MANY_CONTACT_POINTS",
            Self::MemberUnknown => "MEMBER_UNKNOWN",
            Self::LastOwner => "LAST_OWNER",
            Self::ClaimCooling => "CLAIM_COOLING",
            Self::TooManyMembers => "TOO_MANY_MEMBERS",
            Self::InvitationUnknown => "INVITATION_UNKNOWN",
            Self::AlreadyMember => "ALREADY_MEMBER",
            Self::TrustTooLow { .. } => "TRUST_TOO_LOW",
            Self::TooManyAttempts { .. } => "TOO_MANY_ATTEMPTS",
            Self::SystemUserUnknown => "SYSTEM_USER_UNKNOWN",
            Self::KeyRegistered => "KEY_REGISTERED",
            Self::RecordIncomplete => "RECORD_INCOMPLETE",
            Self::ClaimExists => "CLAIM_EXISTS",
            Self::ClaimUnknown => "CLAIM_UNKNOWN",
            Self::ClaimState => "CLAIM_STATE",
            Self::CertificateUntrusted => "CERTIFICATE_UNTRUSTED",
            Self::CertificateOfAnother => "CERTIFICATE_OF_ANOTHER",
            Self::UpstreamOfAnother => "UPSTREAM_OF_ANOTHER",
            Self::CodeUnknown => "CODE_UNKNOWN",
            Self::AddressMissing => "ADDRESS_MISSING",
            Self::KeyMissing => "KEY_NOT_CONFIGURED",
        }
    }

    /// Whether somebody asks for what is not there.
    pub const fn is_unknown(self) -> bool {
        matches!(
            self,
            Self::UnitUnknown
                | Self::ContactPointUnknown
                | Self::MemberUnknown
                | Self::InvitationUnknown
                | Self::SystemUserUnknown
                | Self::ClaimUnknown
                | Self::CodeUnknown
        )
    }

    /// Whether the caller may not do it, however things stand.
    pub const fn is_forbidden(self) -> bool {
        matches!(self, Self::RoleTooLow | Self::TrustTooLow { .. })
    }
}
