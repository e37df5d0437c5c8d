//! People of an organisation, and what they say to the service.

use siegel_grpc::Caller;
use siegel_kernel::{AccountId, TrustLevel};
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::claim_revocation_service_client::ClaimRevocationServiceClient;
use siegel_proto::organisation::v1::claim_service_client::ClaimServiceClient;
use siegel_proto::organisation::v1::member_service_client::MemberServiceClient;
use siegel_proto::organisation::v1::organisation_admin_service_client::OrganisationAdminServiceClient;
use siegel_proto::organisation::v1::record_service_client::RecordServiceClient;
use tonic::transport::Channel;

use crate::office::{Office, founding};

impl Office {
    pub fn record(&self, account: AccountId) -> RecordServiceClient<Channel> {
        RecordServiceClient::new(self.channel(account, TrustLevel::Substantial))
    }

    pub fn members(&self, account: AccountId) -> MemberServiceClient<Channel> {
        MemberServiceClient::new(self.channel(account, TrustLevel::Substantial))
    }

    pub fn claims(&self, account: AccountId) -> ClaimServiceClient<Channel> {
        ClaimServiceClient::new(self.channel(account, TrustLevel::Substantial))
    }

    pub fn admin(&self) -> OrganisationAdminServiceClient<Channel> {
        let operator = Caller::Client {
            client_id: "operator".into(),
            tenant: "musterstadt".into(),
            scopes: vec!["organisation.admin".into()],
            grant: "gnt_1".into(),
        };
        OrganisationAdminServiceClient::new(self.channel_of(operator))
    }

    pub fn letter_holder(&self) -> ClaimRevocationServiceClient<Channel> {
        ClaimRevocationServiceClient::new(self.channel_of(Caller::Anyone))
    }

    /// An organisation of this owner with this register number.
    pub async fn registered(&self, owner: AccountId, name: &str, number: &str) -> String {
        let mut request = founding(&format!("found {name} {owner}"), name);
        request.register_number = number.into();
        let mut person = self.person(owner, TrustLevel::Substantial);
        let made = person.create_organisation(request).await.unwrap().into_inner();
        made.organisation.unwrap().organisation_id
    }

    /// Invites and lets accept; the new member.
    pub async fn joined(&self, by: AccountId, organisation: &str, role: pb::Role) -> AccountId {
        let account = self.somebody();
        let email = format!("{}@example.org", &account.to_string()[4..20]);
        self.around.confirmed(account, &email);
        self.members(by).invite_member(invitation(organisation, &email, role)).await.unwrap();
        let request = pb::AcceptInvitationRequest {
            request_id: format!("accept {email}"),
            code: self.around.code(&email).await,
        };
        self.members(account).accept_invitation(request).await.unwrap();
        account
    }

    /// The membership of an account, as others see it.
    pub async fn membership(&self, account: AccountId, organisation: &str) -> pb::Member {
        let request = pb::ListMembersRequest { organisation_id: organisation.into() };
        let all = self.members(account).list_members(request).await.unwrap().into_inner().members;
        all.into_iter().find(|m| m.own).unwrap()
    }
}

pub fn invitation(organisation: &str, email: &str, role: pb::Role) -> pb::InviteMemberRequest {
    pb::InviteMemberRequest {
        request_id: format!("invite {email}"),
        organisation_id: organisation.into(),
        name: "Max Mustermann".into(),
        email: email.into(),
        role: role.into(),
        minimum_level: 3,
        locale: "de".into(),
    }
}

pub fn address() -> pb::OrganisationAddress {
    pb::OrganisationAddress {
        country: "DE".into(),
        street: "Schlossstraße".into(),
        house_number: "1".into(),
        postal_code: "19053".into(),
        town: "Schwerin".into(),
        ..Default::default()
    }
}

pub fn at(address: pb::OrganisationAddress) -> pb::FieldValue {
    pb::FieldValue { value: Some(pb::field_value::Value::Address(address)) }
}

pub fn text(text: &str) -> pb::FieldValue {
    pb::FieldValue { value: Some(pb::field_value::Value::Text(text.into())) }
}
