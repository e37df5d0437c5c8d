//! What members, units and mailboxes of an organisation are called.

use axum::response::Response;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::member_service_client::MemberServiceClient;
use siegel_proto::organisation::v1::record_service_client::RecordServiceClient;
use siegel_web::Texts;
use siegel_web::forms::Choice;
use tonic::Status;

use super::Signed;
use super::organisation_members::called;
use super::words::Ident;

/// Whoever belongs to an organisation now, and its units.
pub struct Names {
    members: Vec<pb::Member>,
    /// Parents before their children.
    units: Vec<pb::Unit>,
}

impl Names {
    pub async fn of(who: &Signed, id: &Ident) -> Result<Self, Response> {
        let refuse = |status: Status| who.refuse("organisation", &status);
        let organisation_id = id.to_string();
        let channel = who.channel("organisation").await?;
        let units = pb::ListUnitsRequest { organisation_id: organisation_id.clone() };
        let units = RecordServiceClient::new(channel.clone()).list_units(units).await;
        let members = pb::ListMembersRequest { organisation_id };
        let members = MemberServiceClient::new(channel).list_members(members).await;
        Ok(Self {
            members: members.map_err(refuse)?.into_inner().members,
            units: units.map_err(refuse)?.into_inner().units,
        })
    }

    pub fn member(&self, t: &Texts, id: &str) -> String {
        let found = self.members.iter().find(|one| one.membership_id == id);
        found.map_or_else(|| t.get("member-former"), |one| called(t, one))
    }

    pub fn unit(&self, t: &Texts, id: &str) -> String {
        let found = self.units.iter().find(|one| one.unit_id == id);
        found.map_or_else(|| t.get("unit-former"), |one| one.name.clone())
    }

    pub fn mailbox(&self, t: &Texts, one: &pb::Mailbox) -> String {
        let of = |key: &str, name: String| t.with(key, [("name", name.into())]);
        match one.kind() {
            pb::MailboxKind::Unspecified | pb::MailboxKind::Central => t.get("mailbox-central"),
            pb::MailboxKind::Unit => of("mailbox-unit-of", self.unit(t, &one.unit_id)),
            pb::MailboxKind::Function => one.name.clone(),
            pb::MailboxKind::Personal => of("mailbox-personal-of", self.member(t, &one.member_id)),
        }
    }

    /// The members, to choose one.
    pub fn members(&self, t: &Texts) -> Vec<Choice> {
        let choice = |one: &pb::Member| Choice::new(one.membership_id.clone(), called(t, one));
        self.members.iter().map(choice).collect()
    }

    /// Parents before their children.
    pub fn units(&self) -> &[pb::Unit] {
        &self.units
    }
}
