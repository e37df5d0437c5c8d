//! An organisation with members and mailboxes, as tests of rights ask it.

use siegel_db::Db;
use siegel_kernel::{AccountId, Timestamp, TrustLevel};
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::mailbox_holder::Holder;
use siegel_proto::organisation::v1::mailbox_rights_service_client::MailboxRightsServiceClient;
use siegel_proto::organisation::v1::{
    Action, MailboxKind, MailboxRight as Right, Organisation, Role, SubstitutionKind,
};
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::office::{Office, reason};

pub struct Firm {
    pub office: Office,
    pub organisation: Organisation,
    pub owner: AccountId,
}

impl Firm {
    pub async fn open(db: Db) -> Self {
        let office = Office::open(db).await;
        let owner = office.somebody();
        let organisation = office.founded(owner, "Muster GmbH").await;
        Self { office, organisation, owner }
    }

    pub fn id(&self) -> String {
        self.organisation.organisation_id.clone()
    }

    pub fn rights(&self, account: AccountId) -> MailboxRightsServiceClient<Channel> {
        self.office.rights(account, TrustLevel::Substantial)
    }

    /// A new member: account and `mem_…`.
    pub async fn member(&self, role: Role) -> (AccountId, String) {
        let account = self.office.somebody();
        let id = self.office.join(&self.id(), account, role.into()).await;
        (account, id)
    }

    pub async fn create(&self, kind: MailboxKind, name: &str, member: &str) -> String {
        let request = pb::CreateMailboxRequest {
            request_id: format!("create {name} {member}"),
            organisation_id: self.id(),
            kind: kind.into(),
            name: name.into(),
            unit_id: String::new(),
            member_id: member.into(),
        };
        let made = self.rights(self.owner).create_mailbox(request).await.unwrap();
        made.into_inner().mailbox.unwrap().mailbox_id
    }

    pub fn setting(
        &self,
        mailbox: &str,
        holder: Holder,
        rights: &[Right],
    ) -> pb::SetMailboxRightsRequest {
        pb::SetMailboxRightsRequest {
            request_id: format!("set {mailbox} {holder:?} {rights:?}"),
            organisation_id: self.id(),
            mailbox_id: mailbox.into(),
            holder: Some(pb::MailboxHolder { holder: Some(holder) }),
            rights: rights.iter().map(|right| i32::from(*right)).collect(),
        }
    }

    pub async fn give(&self, mailbox: &str, holder: Holder, rights: &[Right]) {
        let request = self.setting(mailbox, holder, rights);
        self.rights(self.owner).set_mailbox_rights(request).await.unwrap();
    }

    pub fn standing_in(&self, absent: &str, substitute: &str) -> pb::CreateSubstitutionRequest {
        pb::CreateSubstitutionRequest {
            request_id: format!("{substitute} for {absent}"),
            organisation_id: self.id(),
            kind: SubstitutionKind::Absence.into(),
            absent_member_id: absent.into(),
            substitute_member_id: substitute.into(),
            mailbox_id: None,
            from: Some(siegel_proto::convert::timestamp(self.in_hours(1))),
            until: Some(siegel_proto::convert::timestamp(self.in_hours(3))),
        }
    }

    pub fn in_hours(&self, hours: u64) -> Timestamp {
        use siegel_kernel::Clock as _;
        self.office.clock.now().plus(std::time::Duration::from_hours(hours))
    }

    /// The path, or the reason why not.
    pub async fn may(&self, account: AccountId, mailbox: &str, action: Action) -> String {
        let question = pb::AccessQuestion {
            account_id: account.to_string(),
            organisation_id: self.id(),
            action: action.into(),
            session_level: 3,
            about: Some(pb::AccessScope { mailbox_id: mailbox.into(), ..Default::default() }),
            ..Default::default()
        };
        let request = pb::CheckAccessRequest { questions: vec![question] };
        let answer = self.office.postbox().check_access(request).await.unwrap().into_inner();
        let answer = answer.answers.into_iter().next().unwrap();
        if answer.allowed { answer.path } else { answer.reason }
    }
}

impl Office {
    pub fn rights(
        &self,
        account: AccountId,
        level: TrustLevel,
    ) -> MailboxRightsServiceClient<Channel> {
        MailboxRightsServiceClient::new(self.channel(account, level))
    }
}

pub fn told(status: &Status) -> (Code, String) {
    (status.code(), reason(status).unwrap_or_default())
}
