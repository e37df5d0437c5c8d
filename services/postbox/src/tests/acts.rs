//! What senders, recipients and time do in a world.

use std::time::Duration;

use siegel_grpc::Caller;
use siegel_kernel::{Clock, TrustLevel};
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::handle_service_client::HandleServiceClient;
use tonic::Status;
use tonic::transport::Channel;

use super::world::{World, account, letter, request};

impl World {
    /// Delivers a letter to account 1 and returns the answer.
    pub async fn deliver(
        &self,
        request_id: &str,
        bend: impl FnOnce(&mut pb::SubmitRequest),
    ) -> pb::SubmitResponse {
        let mut request = request(request_id, &self.handle(1).await);
        bend(&mut request);
        self.sender().submit(request).await.unwrap().into_inner()
    }

    pub async fn open(&self, letter_id: &str) -> Result<pb::OpenResponse, Status> {
        let request = pb::OpenRequest {
            request_id: "o".into(),
            letter_id: letter_id.into(),
            organisation_id: String::new(),
            ..Default::default()
        };
        let opened = self.reader(1, TrustLevel::High).open(request).await?;
        Ok(opened.into_inner())
    }

    pub fn handles(&self) -> HandleServiceClient<Channel> {
        HandleServiceClient::new(self.channel(Caller::Sibling("identity".into())))
    }

    /// Closes the mailbox of account `n`.
    pub async fn close(&self, n: u128) {
        let owner = pb::close_mailbox_request::Owner::AccountId(account(n).to_string());
        let request = pb::CloseMailboxRequest {
            request_id: "c".into(),
            owner: Some(owner),
            ..Default::default()
        };
        self.handles().close_mailbox(request).await.unwrap();
    }

    pub async fn confirm(&self, letter_id: &str) -> Result<pb::ConfirmResponse, Status> {
        let request = pb::ConfirmRequest {
            request_id: "c".into(),
            letter_id: letter_id.into(),
            organisation_id: String::new(),
            ..Default::default()
        };
        Ok(self.reader(1, TrustLevel::High).confirm(request).await?.into_inner())
    }

    pub async fn refuse(&self, letter_id: &str) -> Result<pb::RefuseResponse, Status> {
        let request = pb::RefuseRequest {
            request_id: "r".into(),
            letter_id: letter_id.into(),
            organisation_id: String::new(),
            ..Default::default()
        };
        Ok(self.reader(1, TrustLevel::High).refuse(request).await?.into_inner())
    }

    pub async fn recall(&self, letter_id: &str) -> Result<pb::RecallResponse, Status> {
        let request = pb::RecallRequest { request_id: "b".into(), letter_id: letter_id.into() };
        Ok(self.sender().recall(request).await?.into_inner())
    }

    /// Delivers a letter to account 1 in the place of another, which is recalled.
    pub async fn supersede(
        &self,
        request_id: &str,
        old: &str,
    ) -> Result<pb::SupersedeResponse, Status> {
        let mut request = request(request_id, &self.handle(1).await);
        letter(&mut request).replaces = old.into();
        let pb::SubmitRequest { request_id, letter, attachments, upload_ids } = request;
        let request = pb::SupersedeRequest { request_id, letter, attachments, upload_ids };
        Ok(self.sender().supersede(request).await?.into_inner())
    }

    /// Unread letters as the list of account 1 counts them.
    pub async fn unread(&self) -> i64 {
        let request = pb::ListLettersRequest::default();
        let listed = self.reader(1, TrustLevel::High).list_letters(request).await.unwrap();
        listed.into_inner().unread
    }

    /// Moves the clock and lets the sweeper, the outbox and the sequencer do what is due.
    pub async fn wait(&self, span: Duration) {
        self.clock.advance(span);
        self.settle().await;
    }

    pub async fn settle(&self) {
        self.postbox.sweep().await.unwrap();
        let postbox = self.postbox.clone();
        let work = |job| {
            let postbox = postbox.clone();
            async move { postbox.work(job).await }
        };
        while self.postbox.outbox.step(&work).await.unwrap() {}
        self.postbox.feed.number(self.clock.as_ref() as &dyn Clock).await.unwrap();
    }
}
