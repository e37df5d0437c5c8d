use siegel_grpc::caller;
use siegel_proto::notification::v1::notification_service_server::NotificationService;
use siegel_proto::notification::v1::{
    GetNotificationRequest, GetNotificationResponse, NotifyRequest, NotifyResponse,
    SendCodeRequest, SendCodeResponse, SetContactRequest, SetContactResponse,
};
use tonic::{Request, Response, Status};

use super::read::{self, malformed, status};
use crate::app::{App, kinds};
use crate::domain::{EmailAddress, Locale};

/// Takes orders of the sibling services.
pub struct Notifications(pub App);

#[tonic::async_trait]
impl NotificationService for Notifications {
    #[tracing::instrument(name = "notification.code.order", skip_all)]
    async fn send_code(
        &self,
        request: Request<SendCodeRequest>,
    ) -> Result<Response<SendCodeResponse>, Status> {
        let wire = request.get_ref();
        let write = read::write(&self.0, kinds::CODE, &request, &wire.request_id)?;
        let email = EmailAddress::parse(&wire.email).map_err(malformed)?;
        let locale = Locale::parse(&wire.locale).map_err(malformed)?;
        let purpose = read::purpose(wire).map_err(malformed)?;
        let ordered = self.0.order_code(&write, email, locale, purpose).await;
        ordered.map_err(|e| status(&e))?;
        Ok(Response::new(SendCodeResponse {}))
    }

    #[tracing::instrument(name = "notification.contact.set", skip_all)]
    async fn set_contact(
        &self,
        request: Request<SetContactRequest>,
    ) -> Result<Response<SetContactResponse>, Status> {
        let wire = request.get_ref();
        let write = read::write(&self.0, kinds::CONTACT, &request, &wire.request_id)?;
        let recipient = wire.recipient.parse().map_err(malformed)?;
        let contact = read::contact(wire).map_err(malformed)?;
        let set = self.0.set_contact(&write, recipient, contact.as_ref()).await;
        set.map_err(|e| status(&e))?;
        Ok(Response::new(SetContactResponse {}))
    }

    #[tracing::instrument(name = "notification.notice.order", skip_all)]
    async fn notify(
        &self,
        request: Request<NotifyRequest>,
    ) -> Result<Response<NotifyResponse>, Status> {
        let wire = request.get_ref();
        let write = read::write(&self.0, kinds::NOTICE, &request, &wire.request_id)?;
        let recipient = wire.recipient.parse().map_err(malformed)?;
        let notice = read::notice(wire).map_err(malformed)?;
        let state = self.0.order_notice(&write, recipient, notice).await;
        let state = state.map_err(|e| status(&e))?.number();
        Ok(Response::new(NotifyResponse { state }))
    }

    #[tracing::instrument(name = "notification.get", skip_all)]
    async fn get_notification(
        &self,
        request: Request<GetNotificationRequest>,
    ) -> Result<Response<GetNotificationResponse>, Status> {
        let caller = caller(&request)?.name();
        let state = self.0.state(&caller, &request.get_ref().request_id).await;
        let state = state.map_err(|e| status(&e))?.number();
        Ok(Response::new(GetNotificationResponse { state }))
    }
}
