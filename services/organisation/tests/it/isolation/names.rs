//! What a request can name.

/// Names of things that somebody has, or of none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    pub request_id: String,
    pub organisation: String,
    pub unit: String,
    pub contact_point: String,
    /// Of another member.
    pub member: String,
    /// Of the caller.
    pub own_member: String,
    /// Beside the central one.
    pub mailbox: String,
    /// The caller for the other member.
    pub substitution: String,
    pub invitation: String,
    pub system_user: String,
    pub claim: String,
    /// Of an invitation to this caller.
    pub code: String,
    /// Given in the organisation's name, and held by another member.
    pub mandate: String,
    /// Of a mandate that only one organisation can take.
    pub mandate_code: String,
}

/// A name that can be somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Organisation,
    Unit,
    ContactPoint,
    Member,
    OwnMember,
    Mailbox,
    Substitution,
    Invitation,
    SystemUser,
    Claim,
    Code,
    Mandate,
    MandateCode,
    All,
}

impl Names {
    pub const FIELDS: [Field; 14] = [
        Field::Organisation,
        Field::Unit,
        Field::ContactPoint,
        Field::Member,
        Field::OwnMember,
        Field::Mailbox,
        Field::Substitution,
        Field::Invitation,
        Field::SystemUser,
        Field::Claim,
        Field::Code,
        Field::Mandate,
        Field::MandateCode,
        Field::All,
    ];

    /// Names of the right form that nothing has.
    pub fn missing() -> Self {
        let none = "0".repeat(32);
        Self {
            request_id: String::new(),
            organisation: format!("org_{none}"),
            unit: format!("unt_{none}"),
            contact_point: format!("ctp_{none}"),
            member: format!("mem_{none}"),
            own_member: format!("mem_{none}"),
            mailbox: format!("omb_{none}"),
            substitution: format!("sub_{none}"),
            invitation: format!("inv_{none}"),
            system_user: format!("sys_{none}"),
            claim: format!("clm_{none}"),
            code: "A".repeat(16),
            mandate: format!("mnd_{none}"),
            mandate_code: "AAAA-AAAA-AAAA-AAAA-AAAA".into(),
        }
    }

    /// These names with one of others.
    pub fn with(&self, field: Field, others: &Self) -> Self {
        let mut names = self.clone();
        for (this, own, other) in [
            (Field::Organisation, &mut names.organisation, &others.organisation),
            (Field::Unit, &mut names.unit, &others.unit),
            (Field::ContactPoint, &mut names.contact_point, &others.contact_point),
            (Field::Member, &mut names.member, &others.member),
            (Field::OwnMember, &mut names.own_member, &others.own_member),
            (Field::Mailbox, &mut names.mailbox, &others.mailbox),
            (Field::Substitution, &mut names.substitution, &others.substitution),
            (Field::Invitation, &mut names.invitation, &others.invitation),
            (Field::SystemUser, &mut names.system_user, &others.system_user),
            (Field::Claim, &mut names.claim, &others.claim),
            (Field::Code, &mut names.code, &others.code),
            (Field::Mandate, &mut names.mandate, &others.mandate),
            (Field::MandateCode, &mut names.mandate_code, &others.mandate_code),
        ] {
            if field == Field::All || field == this {
                own.clone_from(other);
            }
        }
        names
    }

    /// What no answer to anybody else may hold.
    pub fn ids(&self) -> Vec<String> {
        let ids = [
            &self.unit,
            &self.contact_point,
            &self.member,
            &self.own_member,
            &self.mailbox,
            &self.substitution,
            &self.invitation,
            &self.system_user,
            &self.code,
            &self.mandate,
            &self.mandate_code,
        ];
        ids.map(Clone::clone).into()
    }
}
