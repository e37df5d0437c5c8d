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
    pub invitation: String,
    pub system_user: String,
    pub claim: String,
    /// Of an invitation to this caller.
    pub code: String,
}

/// A name that can be somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Organisation,
    Unit,
    ContactPoint,
    Member,
    Invitation,
    SystemUser,
    Claim,
    Code,
    All,
}

impl Names {
    pub const FIELDS: [Field; 9] = [
        Field::Organisation,
        Field::Unit,
        Field::ContactPoint,
        Field::Member,
        Field::Invitation,
        Field::SystemUser,
        Field::Claim,
        Field::Code,
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
            invitation: format!("inv_{none}"),
            system_user: format!("sys_{none}"),
            claim: format!("clm_{none}"),
            code: "A".repeat(16),
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
            (Field::Invitation, &mut names.invitation, &others.invitation),
            (Field::SystemUser, &mut names.system_user, &others.system_user),
            (Field::Claim, &mut names.claim, &others.claim),
            (Field::Code, &mut names.code, &others.code),
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
            &self.invitation,
            &self.system_user,
            &self.code,
        ];
        ids.map(Clone::clone).into()
    }
}
