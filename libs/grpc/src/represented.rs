use siegel_kernel::{AccountId, OrganisationId, TrustLevel};
use siegel_proto::convert;
use siegel_proto::identity::v1::GrantedRepresentation;

/// Somebody for whom a person acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    Organisation(OrganisationId),
    /// A person who gave a mandate.
    Person(AccountId),
}

/// For whom a person acts, as it stood when the grant was given. Whether they still may, and what
/// exactly, `CheckAccess` of `organisation` says, asked with [`Represented::mandate`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Represented {
    pub party: Party,
    /// `mnd_…`; `None` for a member.
    pub mandate: Option<String>,
    pub mandate_version: i64,
    /// SHA-256 of the path, base64url.
    pub path_digest: String,
    /// Level at which the represented was identified: never that of the person who acts.
    pub identification_level: Option<TrustLevel>,
}

impl Represented {
    /// `None` when the message names nobody, or two.
    pub fn of(wire: GrantedRepresentation) -> Option<Self> {
        let party = match (wire.organisation_id.as_str(), wire.principal_account_id.as_str()) {
            ("", principal) => Party::Person(principal.parse().ok()?),
            (organisation, "") => Party::Organisation(organisation.parse().ok()?),
            _ => return None,
        };
        Some(Self {
            party,
            mandate: Some(wire.mandate_id).filter(|id| !id.is_empty()),
            mandate_version: wire.mandate_version,
            path_digest: wire.path_digest,
            identification_level: convert::level(wire.identification_level),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_names_nobody_or_two_represents_nobody() {
        let organisation = OrganisationId::from_uuid(<_>::default());
        let account = AccountId::from_uuid(<_>::default());
        let named = GrantedRepresentation {
            organisation_id: organisation.to_string(),
            ..GrantedRepresentation::default()
        };
        let both =
            GrantedRepresentation { principal_account_id: account.to_string(), ..named.clone() };
        let party = Represented::of(named).map(|r| r.party);
        assert_eq!(party, Some(Party::Organisation(organisation)));
        assert_eq!(Represented::of(both), None);
        assert_eq!(Represented::of(GrantedRepresentation::default()), None);
    }
}
