//! Siblings as far as tokens need them.

use std::sync::{Arc, Mutex};

use siegel_grpc::testing::Fakes;
use siegel_grpc::{GrpcServices, refusal};
use siegel_kernel::{Clock as _, Timestamp};
use siegel_proto::account::v1 as account;
use siegel_proto::account::v1::account_registry_service_server as registry;
use siegel_proto::common::v1::{AttributeSource, TrustLevel};
use siegel_proto::convert;
use siegel_proto::notification::v1 as mail;
use siegel_proto::notification::v1::notification_service_server as mailing;
use siegel_proto::postbox::v1 as postbox;
use siegel_proto::postbox::v1::handle_service_server as handles;
use tonic::{Code, Request, Response, Status};

use crate::parties::Parties;

/// What the faked account service was asked.
#[derive(Clone, Default)]
pub struct Account {
    pub released: Arc<Mutex<Vec<account::ReleaseAttributesRequest>>>,
    pub identified: Arc<Mutex<Vec<account::RecordIdentificationRequest>>>,
    pub withdrawn: Arc<Mutex<bool>>,
    pub down: Arc<Mutex<bool>>,
    pub opened: Arc<Mutex<Vec<account::OpenAccountRequest>>>,
    /// New addresses of accounts.
    pub emails: Arc<Mutex<Vec<account::ChangeEmailRequest>>>,
    /// What the notification service was asked to tell people.
    pub notices: Arc<Mutex<Vec<mail::NotifyRequest>>>,
    /// The organisation service.
    pub parties: Parties,
}

#[tonic::async_trait]
impl mailing::NotificationService for Account {
    async fn send_code(
        &self,
        _: Request<mail::SendCodeRequest>,
    ) -> Result<Response<mail::SendCodeResponse>, Status> {
        Ok(Response::new(mail::SendCodeResponse {}))
    }

    async fn set_contact(
        &self,
        _: Request<mail::SetContactRequest>,
    ) -> Result<Response<mail::SetContactResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn notify(
        &self,
        request: Request<mail::NotifyRequest>,
    ) -> Result<Response<mail::NotifyResponse>, Status> {
        self.notices.lock().unwrap().push(request.into_inner());
        Ok(Response::new(mail::NotifyResponse::default()))
    }

    async fn get_notification(
        &self,
        _: Request<mail::GetNotificationRequest>,
    ) -> Result<Response<mail::GetNotificationResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

#[tonic::async_trait]
impl registry::AccountRegistryService for Account {
    async fn open_account(
        &self,
        request: Request<account::OpenAccountRequest>,
    ) -> Result<Response<account::OpenAccountResponse>, Status> {
        self.opened.lock().unwrap().push(request.into_inner());
        Ok(Response::new(account::OpenAccountResponse {}))
    }

    async fn change_email(
        &self,
        request: Request<account::ChangeEmailRequest>,
    ) -> Result<Response<account::ChangeEmailResponse>, Status> {
        self.emails.lock().unwrap().push(request.into_inner());
        Ok(Response::new(account::ChangeEmailResponse {}))
    }
    async fn record_identification(
        &self,
        request: Request<account::RecordIdentificationRequest>,
    ) -> Result<Response<account::RecordIdentificationResponse>, Status> {
        self.identified.lock().unwrap().push(request.into_inner());
        Ok(Response::new(account::RecordIdentificationResponse::default()))
    }

    async fn preview_release(
        &self,
        _: Request<account::PreviewReleaseRequest>,
    ) -> Result<Response<account::PreviewReleaseResponse>, Status> {
        let consented = !*self.withdrawn.lock().unwrap();
        let attributes = Vec::new();
        Ok(Response::new(account::PreviewReleaseResponse { attributes, consented }))
    }

    async fn record_consent(
        &self,
        _: Request<account::RecordConsentRequest>,
    ) -> Result<Response<account::RecordConsentResponse>, Status> {
        Ok(Response::new(account::RecordConsentResponse { consent_id: "cns_1".into() }))
    }

    async fn release_attributes(
        &self,
        request: Request<account::ReleaseAttributesRequest>,
    ) -> Result<Response<account::ReleaseAttributesResponse>, Status> {
        if *self.down.lock().unwrap() {
            return Err(Status::unavailable("down"));
        }
        if *self.withdrawn.lock().unwrap() {
            return Err(refusal(Code::FailedPrecondition, "CONSENT_REQUIRED", "no", []));
        }
        let request = request.into_inner();
        let attributes = request.attributes.iter().filter_map(|name| known(name)).collect();
        self.released.lock().unwrap().push(request);
        Ok(Response::new(account::ReleaseAttributesResponse { attributes }))
    }
}

/// Until when a certificate vouches for what it says, in seconds.
pub const VALID_UNTIL: i64 = 1_900_000_000;

fn known(name: &str) -> Option<account::Attribute> {
    let (value, source, level) = match name {
        "given_name" => ("Erika", AttributeSource::Eid, TrustLevel::High),
        "family_name" => ("Mustermann", AttributeSource::Eid, TrustLevel::High),
        "date_of_birth" => ("1964-08-12", AttributeSource::Eid, TrustLevel::High),
        "street_and_building" => ("Heidestraße 17", AttributeSource::Eid, TrustLevel::High),
        "zip_code" => ("51147", AttributeSource::Eid, TrustLevel::High),
        "city" => ("Köln", AttributeSource::Eid, TrustLevel::High),
        "birth_name" => ("Gabler", AttributeSource::Certificate, TrustLevel::Substantial),
        "telephone" => ("+49 385 5450", AttributeSource::SelfDeclared, TrustLevel::Basic),
        "email" => ("erika@example.org", AttributeSource::Confirmed, TrustLevel::Basic),
        // Says that there is none.
        "place_of_birth" => ("", AttributeSource::SelfDeclared, TrustLevel::Basic),
        _ => return None,
    };
    Some(account::Attribute {
        name: name.to_owned(),
        value: value.to_owned(),
        not_applicable: value.is_empty(),
        source: source.into(),
        level: level.into(),
        verified_at: (source == AttributeSource::Eid)
            .then(|| convert::timestamp(siegel_testkit::TestClock::default().now())),
        valid_until: (source == AttributeSource::Certificate)
            .then(|| convert::timestamp(Timestamp::from_seconds(VALID_UNTIL))),
        ..account::Attribute::default()
    })
}

pub struct Postbox;

#[tonic::async_trait]
impl handles::HandleService for Postbox {
    async fn issue_handle(
        &self,
        request: Request<postbox::IssueHandleRequest>,
    ) -> Result<Response<postbox::IssueHandleResponse>, Status> {
        let asked = request.get_ref();
        let handle = format!("hdl_{}{}", asked.sector, asked.mailbox_id);
        Ok(Response::new(postbox::IssueHandleResponse { handle }))
    }

    async fn close_mailbox(
        &self,
        _: Request<postbox::CloseMailboxRequest>,
    ) -> Result<Response<postbox::CloseMailboxResponse>, Status> {
        Ok(Response::new(postbox::CloseMailboxResponse {}))
    }
}

pub fn all(account: &Account) -> Fakes {
    let registry = registry::AccountRegistryServiceServer::new(account.clone());
    let handles = handles::HandleServiceServer::new(Postbox);
    let mailing = mailing::NotificationServiceServer::new(account.clone());
    Fakes::new()
        .with("identity", "account", &GrpcServices::new().add(registry))
        .with("identity", "notification", &GrpcServices::new().add(mailing))
        .with("identity", "organisation", &account.parties.services())
        .with("identity", "postbox", &GrpcServices::new().add(handles))
}
