use siegel_grpc::{caller, invalid};
use siegel_proto::notification::v1::notification_service_server::NotificationService;
use siegel_proto::notification::v1::{
    CodePurpose, GetNotificationRequest, GetNotificationResponse, NotifyRequest, NotifyResponse,
    SendCodeRequest, SendCodeResponse, SetContactRequest, SetContactResponse,
};
use tonic::{Request, Response, Status};

use super::read;
use super::status::status;
use crate::app::{App, kinds};

/// What the siblings order.
pub struct Notifications(pub App);

#[tonic::async_trait]
impl NotificationService for Notifications {
    #[tracing::instrument(name = "notification.code.order", skip_all)]
    async fn send_code(
        &self,
        request: Request<SendCodeRequest>,
    ) -> Result<Response<SendCodeResponse>, Status> {
        let id = &request.get_ref().request_id;
        let order = read::order(&self.0, kinds::CODE_ORDERED, &request, id)?;
        let invites = request.get_ref().purpose() == CodePurpose::Invitation;
        if invites != (caller(&request)?.sibling()? == "organisation") {
            return Err(invalid(&[("purpose", "is another service's")]));
        }
        let mail = read::code_mail(request.into_inner())?;
        self.0.order_code(&order, &mail).await.map_err(|e| status(&e))?;
        Ok(Response::new(SendCodeResponse {}))
    }

    #[tracing::instrument(name = "notification.contact.set", skip_all)]
    async fn set_contact(
        &self,
        request: Request<SetContactRequest>,
    ) -> Result<Response<SetContactResponse>, Status> {
        let id = &request.get_ref().request_id;
        let order = read::order(&self.0, kinds::CONTACT_SET, &request, id)?;
        let contact = read::contact(request.into_inner())?;
        self.0.set_contact(&order, &contact).await.map_err(|e| status(&e))?;
        Ok(Response::new(SetContactResponse {}))
    }

    #[tracing::instrument(name = "notification.notice.order", skip_all)]
    async fn notify(
        &self,
        request: Request<NotifyRequest>,
    ) -> Result<Response<NotifyResponse>, Status> {
        let id = &request.get_ref().request_id;
        let order = read::order(&self.0, kinds::NOTICE_ORDERED, &request, id)?;
        let (recipient, mail) = read::notice(request.into_inner())?;
        let state = self.0.order_notice(&order, recipient, &mail).await;
        let state = state.map_err(|e| status(&e))?;
        Ok(Response::new(NotifyResponse { state: state.number() }))
    }

    #[tracing::instrument(name = "notification.get", skip_all)]
    async fn get_notification(
        &self,
        request: Request<GetNotificationRequest>,
    ) -> Result<Response<GetNotificationResponse>, Status> {
        let caller = caller(&request)?.name();
        let state = self.0.state(&caller, &request.get_ref().request_id).await;
        let state = state.map_err(|e| status(&e))?;
        Ok(Response::new(GetNotificationResponse { state: state.number() }))
    }
}
