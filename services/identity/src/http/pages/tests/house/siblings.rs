//! Siblings as far as the pages need them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use siegel_grpc::GrpcServices;
use siegel_grpc::testing::Fakes;
use siegel_proto::account::v1 as account;
use siegel_proto::account::v1::account_merge_service_server::{
    AccountMergeService, AccountMergeServiceServer,
};
use siegel_proto::account::v1::account_registry_service_server::{
    AccountRegistryService, AccountRegistryServiceServer,
};
use siegel_proto::common::v1::AttributeSource;
use siegel_proto::convert;
use siegel_proto::eid::v1 as eid;
use siegel_proto::eid::v1::identification_service_server::{
    IdentificationService, IdentificationServiceServer,
};
use siegel_proto::notification::v1 as mail;
use siegel_proto::notification::v1::notification_service_server::{
    NotificationService, NotificationServiceServer,
};
use siegel_proto::organisation::v1 as organisation;
use siegel_proto::organisation::v1::tie_service_server::{TieService, TieServiceServer};
use siegel_proto::postbox::v1 as postbox;
use siegel_proto::postbox::v1::open_matters_service_server::{
    OpenMattersService, OpenMattersServiceServer,
};
use tonic::{Request as Call, Response as Answer, Status};

use super::parties::Parties;

/// What the siblings were told, and what they answer.
#[derive(Default)]
pub struct Siblings {
    pub mails: Mutex<Vec<mail::SendCodeRequest>>,
    pub opened: Mutex<Vec<account::OpenAccountRequest>>,
    pub emails: Mutex<Vec<account::ChangeEmailRequest>>,
    pub notices: Mutex<Vec<mail::NotifyRequest>>,
    pub recorded: Mutex<Vec<account::RecordIdentificationRequest>>,
    pub consents: Mutex<Vec<account::RecordConsentRequest>>,
    /// What the account service has, by claim name.
    pub attributes: Mutex<BTreeMap<String, String>>,
    /// What the postbox counts; `None`: it is down.
    pub open: Mutex<Option<postbox::CountOpenMattersResponse>>,
    /// What a merge would move, what it was ordered to, and whether it is refused for good.
    pub comparison: Mutex<account::CompareAccountsResponse>,
    pub merged: Mutex<Vec<account::MergeAccountsRequest>>,
    pub merge_refused: Mutex<bool>,
    /// What ties an account to others.
    pub ties: Mutex<organisation::CountTiesResponse>,
    /// The account service is down.
    pub account_is_down: Mutex<bool>,
    /// Who holds the card before the reader, and how it ends.
    /// Each is read once, in this order.
    pub cards: Mutex<Vec<Card>>,
    started: AtomicU32,
    /// The organisation service.
    pub parties: Parties,
}

/// A card before the reader.
#[derive(Clone)]
pub struct Card {
    pub pseudonym: &'static str,
    pub family_name: &'static str,
    pub outcome: eid::Outcome,
}

impl Card {
    pub fn of(pseudonym: &'static str, family_name: &'static str) -> Self {
        Self { pseudonym, family_name, outcome: eid::Outcome::Identified }
    }
}

#[derive(Clone)]
struct Fake(Arc<Siblings>);

#[tonic::async_trait]
impl NotificationService for Fake {
    async fn send_code(
        &self,
        call: Call<mail::SendCodeRequest>,
    ) -> Result<Answer<mail::SendCodeResponse>, Status> {
        self.0.mails.lock().unwrap().push(call.into_inner());
        Ok(Answer::new(mail::SendCodeResponse {}))
    }
    async fn set_contact(
        &self,
        _: Call<mail::SetContactRequest>,
    ) -> Result<Answer<mail::SetContactResponse>, Status> {
        Err(Status::unimplemented(""))
    }
    async fn notify(
        &self,
        call: Call<mail::NotifyRequest>,
    ) -> Result<Answer<mail::NotifyResponse>, Status> {
        self.0.notices.lock().unwrap().push(call.into_inner());
        Ok(Answer::new(mail::NotifyResponse::default()))
    }
    async fn get_notification(
        &self,
        _: Call<mail::GetNotificationRequest>,
    ) -> Result<Answer<mail::GetNotificationResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

impl Fake {
    fn account_is_up(&self) -> Result<(), Status> {
        let down = *self.0.account_is_down.lock().unwrap();
        if down { Err(Status::unavailable("down")) } else { Ok(()) }
    }
}

#[tonic::async_trait]
impl AccountRegistryService for Fake {
    async fn open_account(
        &self,
        call: Call<account::OpenAccountRequest>,
    ) -> Result<Answer<account::OpenAccountResponse>, Status> {
        self.account_is_up()?;
        self.0.opened.lock().unwrap().push(call.into_inner());
        Ok(Answer::new(account::OpenAccountResponse {}))
    }
    async fn change_email(
        &self,
        call: Call<account::ChangeEmailRequest>,
    ) -> Result<Answer<account::ChangeEmailResponse>, Status> {
        self.account_is_up()?;
        self.0.emails.lock().unwrap().push(call.into_inner());
        Ok(Answer::new(account::ChangeEmailResponse {}))
    }
    async fn record_identification(
        &self,
        call: Call<account::RecordIdentificationRequest>,
    ) -> Result<Answer<account::RecordIdentificationResponse>, Status> {
        self.account_is_up()?;
        self.0.recorded.lock().unwrap().push(call.into_inner());
        Ok(Answer::new(account::RecordIdentificationResponse::default()))
    }
    async fn preview_release(
        &self,
        call: Call<account::PreviewReleaseRequest>,
    ) -> Result<Answer<account::PreviewReleaseResponse>, Status> {
        self.account_is_up()?;
        let asked = call.into_inner();
        let held = self.0.attributes.lock().unwrap().clone();
        let attribute = |name: &String| {
            held.get(name).map(|value| account::Attribute {
                name: name.clone(),
                value: value.clone(),
                source: AttributeSource::Eid.into(),
                level: siegel_proto::common::v1::TrustLevel::High.into(),
                ..account::Attribute::default()
            })
        };
        let consents = self.0.consents.lock().unwrap();
        let covers = |c: &account::RecordConsentRequest| {
            c.client_id == asked.client_id
                && c.account_id == asked.account_id
                && asked.attributes.iter().all(|a| c.attributes.contains(a))
        };
        let consented = consents.iter().any(covers);
        let attributes = asked.attributes.iter().filter_map(attribute).collect();
        Ok(Answer::new(account::PreviewReleaseResponse { attributes, consented }))
    }
    async fn record_consent(
        &self,
        call: Call<account::RecordConsentRequest>,
    ) -> Result<Answer<account::RecordConsentResponse>, Status> {
        self.account_is_up()?;
        self.0.consents.lock().unwrap().push(call.into_inner());
        Ok(Answer::new(account::RecordConsentResponse { consent_id: "cns_1".into() }))
    }
    async fn release_attributes(
        &self,
        _: Call<account::ReleaseAttributesRequest>,
    ) -> Result<Answer<account::ReleaseAttributesResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

#[tonic::async_trait]
impl IdentificationService for Fake {
    async fn start_identification(
        &self,
        call: Call<eid::StartIdentificationRequest>,
    ) -> Result<Answer<eid::StartIdentificationResponse>, Status> {
        let return_url = call.into_inner().return_url;
        assert!(return_url.starts_with("http://localhost:8080/login/int_"), "{return_url}");
        let n = self.0.started.fetch_add(1, Ordering::SeqCst);
        Ok(Answer::new(eid::StartIdentificationResponse {
            session_id: format!("eid_{n}"),
            browser_url: format!("http://localhost:8080/eid/simulated/eid_{n}"),
        }))
    }
    async fn fetch_identification(
        &self,
        _: Call<eid::FetchIdentificationRequest>,
    ) -> Result<Answer<eid::FetchIdentificationResponse>, Status> {
        let card = {
            let mut cards = self.0.cards.lock().unwrap();
            (!cards.is_empty()).then(|| cards.remove(0))
        };
        let Some(card) = card else { return Err(Status::not_found("fetched before")) };
        let attribute =
            |name: &str, value: &str| eid::EidAttribute { name: name.into(), value: value.into() };
        Ok(Answer::new(eid::FetchIdentificationResponse {
            outcome: card.outcome.into(),
            level: siegel_proto::common::v1::TrustLevel::High.into(),
            pseudonym: card.pseudonym.into(),
            attributes: vec![
                attribute("given_name", "Erika"),
                attribute("family_name", card.family_name),
                attribute("date_of_birth", "1964-08-12"),
            ],
            source: "simulated".into(),
            identified_at: Some(convert::timestamp(siegel_kernel::Timestamp::from_seconds(1))),
        }))
    }
}

#[tonic::async_trait]
impl OpenMattersService for Fake {
    async fn count_open_matters(
        &self,
        _: Call<postbox::CountOpenMattersRequest>,
    ) -> Result<Answer<postbox::CountOpenMattersResponse>, Status> {
        let open = *self.0.open.lock().unwrap();
        open.map(Answer::new).ok_or_else(|| Status::unavailable("down"))
    }
}

#[tonic::async_trait]
impl AccountMergeService for Fake {
    async fn compare_accounts(
        &self,
        _: Call<account::CompareAccountsRequest>,
    ) -> Result<Answer<account::CompareAccountsResponse>, Status> {
        self.account_is_up()?;
        Ok(Answer::new(self.0.comparison.lock().unwrap().clone()))
    }
    async fn merge_accounts(
        &self,
        call: Call<account::MergeAccountsRequest>,
    ) -> Result<Answer<account::MergeAccountsResponse>, Status> {
        self.account_is_up()?;
        if *self.0.merge_refused.lock().unwrap() {
            let code = tonic::Code::FailedPrecondition;
            return Err(siegel_grpc::refusal(code, "MERGE_OFFER_WAITS", "refused", []));
        }
        self.0.merged.lock().unwrap().push(call.into_inner());
        Ok(Answer::new(account::MergeAccountsResponse {}))
    }
}

#[tonic::async_trait]
impl TieService for Fake {
    async fn count_ties(
        &self,
        _: Call<organisation::CountTiesRequest>,
    ) -> Result<Answer<organisation::CountTiesResponse>, Status> {
        Ok(Answer::new(*self.0.ties.lock().unwrap()))
    }
}

/// The siblings of identity, answering from `siblings`.
pub(super) fn fakes(siblings: &Arc<Siblings>) -> Fakes {
    let fake = Fake(siblings.clone());
    let notification = NotificationServiceServer::new(fake.clone());
    let account = AccountRegistryServiceServer::new(fake.clone());
    let matters = OpenMattersServiceServer::new(fake.clone());
    let merge = AccountMergeServiceServer::new(fake.clone());
    let ties = TieServiceServer::new(fake.clone());
    let eid = IdentificationServiceServer::new(fake);
    Fakes::new()
        .with("identity", "organisation", &siblings.parties.services().add(ties))
        .with("identity", "notification", &GrpcServices::new().add(notification))
        .with("identity", "account", &GrpcServices::new().add(account).add(merge))
        .with("identity", "eid", &GrpcServices::new().add(eid))
        .with("identity", "postbox", &GrpcServices::new().add(matters))
}
