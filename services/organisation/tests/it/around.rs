//! What is around the service: an identity that knows addresses, a notification service that keeps
//! the codes it is to mail, an authority for certificates.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use siegel_grpc::GrpcServices;
use siegel_grpc::testing::Fakes;
use siegel_kernel::AccountId;
use siegel_proto::identity::v1::address_service_server::{AddressService, AddressServiceServer};
use siegel_proto::identity::v1::deletion_service_server::{DeletionService, DeletionServiceServer};
use siegel_proto::identity::v1::{
    AcknowledgeDeletionRequest, AcknowledgeDeletionResponse, CheckAddressRequest,
    CheckAddressResponse, WatchDeletionsRequest, WatchDeletionsResponse,
};
use siegel_proto::notification::v1 as note;
use siegel_proto::notification::v1::notification_service_server::{
    NotificationService, NotificationServiceServer,
};
use siegel_proto::postbox::v1::handle_service_server::{HandleService, HandleServiceServer};
use siegel_proto::postbox::v1::house_letter_service_server::{
    HouseLetterService, HouseLetterServiceServer,
};
use siegel_proto::postbox::v1::{
    CloseMailboxRequest, CloseMailboxResponse, DeliverToOrganisationRequest,
    DeliverToOrganisationResponse, IssueHandleRequest, IssueHandleResponse,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::certificates::Authority;

pub struct Around {
    addresses: Mutex<HashMap<String, AccountId>>,
    mails: tokio::sync::watch::Sender<Vec<note::SendCodeRequest>>,
    /// Letters that the postbox took.
    letters: tokio::sync::watch::Sender<Vec<DeliverToOrganisationRequest>>,
    /// Mailboxes that the postbox closed.
    closed: tokio::sync::watch::Sender<Vec<CloseMailboxRequest>>,
    /// The postbox is away.
    pub postbox_away: AtomicBool,
    /// The account that is being deleted.
    leaving: tokio::sync::watch::Sender<Option<AccountId>>,
    pub authority: Authority,
}

#[derive(Clone)]
struct Fake(Arc<Around>);

impl Around {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            addresses: Mutex::default(),
            mails: tokio::sync::watch::Sender::default(),
            letters: tokio::sync::watch::Sender::default(),
            closed: tokio::sync::watch::Sender::default(),
            postbox_away: AtomicBool::default(),
            leaving: tokio::sync::watch::Sender::default(),
            authority: Authority::new(),
        })
    }

    pub fn fakes(self: &Arc<Self>) -> Fakes {
        let fake = Fake(self.clone());
        let identity = GrpcServices::new()
            .add(AddressServiceServer::new(fake.clone()))
            .add(DeletionServiceServer::new(fake.clone()));
        let notification = GrpcServices::new().add(NotificationServiceServer::new(fake.clone()));
        let postbox = GrpcServices::new()
            .add(HandleServiceServer::new(fake.clone()))
            .add(HouseLetterServiceServer::new(fake));
        Fakes::new()
            .with("organisation", "identity", &identity)
            .with("organisation", "notification", &notification)
            .with("organisation", "postbox", &postbox)
    }

    /// The account confirmed this address.
    pub fn confirmed(&self, account: AccountId, email: &str) {
        self.addresses.lock().unwrap().insert(email.to_owned(), account);
    }

    /// Tells the service that an account is deleted, until it has acknowledged it.
    pub async fn deleted(&self, account: AccountId) {
        let mut leaving = self.leaving.subscribe();
        self.leaving.send_replace(Some(account));
        let done = leaving.wait_for(Option::is_none);
        tokio::time::timeout(Duration::from_secs(20), done).await.unwrap().unwrap();
    }

    /// The letters that the postbox took, once there is one for this claim.
    pub async fn letters(&self, claim: &str) -> Vec<DeliverToOrganisationRequest> {
        let mut letters = self.letters.subscribe();
        let there = |all: &Vec<DeliverToOrganisationRequest>| {
            all.iter().any(|letter| letter.request_id == claim)
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), letters.wait_for(there)).await;
        waited.unwrap().unwrap().clone()
    }

    /// The mailboxes that the postbox closed, once this one is among them.
    pub async fn closed(&self, mailbox: &str) -> Vec<CloseMailboxRequest> {
        let mut closed = self.closed.subscribe();
        let there =
            |all: &Vec<CloseMailboxRequest>| all.iter().any(|one| one.mailbox_id == mailbox);
        let waited = tokio::time::timeout(Duration::from_secs(20), closed.wait_for(there)).await;
        waited.unwrap().unwrap().clone()
    }

    /// Whether the postbox has no letter of a claim.
    pub fn none_of(&self, claim: &str) -> bool {
        self.letters.borrow().iter().all(|letter| letter.request_id != claim)
    }

    /// The latest code that was mailed to an address.
    pub async fn code(&self, email: &str) -> String {
        let mut mails = self.mails.subscribe();
        let there = |all: &Vec<note::SendCodeRequest>| all.iter().any(|m| m.email == email);
        let waited = tokio::time::timeout(Duration::from_secs(20), mails.wait_for(there)).await;
        let all = waited.unwrap().unwrap();
        all.iter().rev().find(|m| m.email == email).unwrap().code.clone()
    }
}

#[tonic::async_trait]
impl AddressService for Fake {
    async fn check_address(
        &self,
        request: Request<CheckAddressRequest>,
    ) -> Result<Response<CheckAddressResponse>, Status> {
        let wire = request.into_inner();
        let owner = self.0.addresses.lock().unwrap().get(&wire.email).copied();
        let confirmed = owner.is_some_and(|account| account.to_string() == wire.account_id);
        Ok(Response::new(CheckAddressResponse { confirmed }))
    }
}

#[tonic::async_trait]
impl HouseLetterService for Fake {
    async fn deliver_to_organisation(
        &self,
        request: Request<DeliverToOrganisationRequest>,
    ) -> Result<Response<DeliverToOrganisationResponse>, Status> {
        if self.0.postbox_away.load(Ordering::SeqCst) {
            return Err(Status::unavailable("away"));
        }
        self.0.letters.send_modify(|all| all.push(request.into_inner()));
        let letter_id = "ltr_1".to_owned();
        Ok(Response::new(DeliverToOrganisationResponse { letter_id }))
    }
}

#[tonic::async_trait]
impl HandleService for Fake {
    async fn issue_handle(
        &self,
        _: Request<IssueHandleRequest>,
    ) -> Result<Response<IssueHandleResponse>, Status> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn close_mailbox(
        &self,
        request: Request<CloseMailboxRequest>,
    ) -> Result<Response<CloseMailboxResponse>, Status> {
        if self.0.postbox_away.load(Ordering::SeqCst) {
            return Err(Status::unavailable("away"));
        }
        self.0.closed.send_modify(|all| all.push(request.into_inner()));
        Ok(Response::new(CloseMailboxResponse {}))
    }
}

#[tonic::async_trait]
impl DeletionService for Fake {
    type WatchDeletionsStream = ReceiverStream<Result<WatchDeletionsResponse, Status>>;

    async fn watch_deletions(
        &self,
        _: Request<WatchDeletionsRequest>,
    ) -> Result<Response<Self::WatchDeletionsStream>, Status> {
        let mut leaving = self.0.leaving.subscribe();
        let (send, receive) = tokio::sync::mpsc::channel(1);
        tokio::spawn(async move {
            loop {
                let account = *leaving.borrow_and_update();
                let account_id = account.map(|id| id.to_string()).unwrap_or_default();
                let told = WatchDeletionsResponse { account_id, subject: String::new() };
                if send.send(Ok(told)).await.is_err() || leaving.changed().await.is_err() {
                    return;
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(receive)))
    }

    async fn acknowledge_deletion(
        &self,
        request: Request<AcknowledgeDeletionRequest>,
    ) -> Result<Response<AcknowledgeDeletionResponse>, Status> {
        let wire = request.into_inner();
        assert_eq!(wire.waits_for, "", "nothing keeps this service from deleting");
        self.0.leaving.send_replace(None);
        Ok(Response::new(AcknowledgeDeletionResponse {}))
    }
}

#[tonic::async_trait]
impl NotificationService for Fake {
    async fn send_code(
        &self,
        request: Request<note::SendCodeRequest>,
    ) -> Result<Response<note::SendCodeResponse>, Status> {
        self.0.mails.send_modify(|all| all.push(request.into_inner()));
        Ok(Response::new(note::SendCodeResponse {}))
    }

    async fn set_contact(
        &self,
        _: Request<note::SetContactRequest>,
    ) -> Result<Response<note::SetContactResponse>, Status> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn notify(
        &self,
        _: Request<note::NotifyRequest>,
    ) -> Result<Response<note::NotifyResponse>, Status> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn get_notification(
        &self,
        _: Request<note::GetNotificationRequest>,
    ) -> Result<Response<note::GetNotificationResponse>, Status> {
        Err(Status::unimplemented("not asked for"))
    }
}
