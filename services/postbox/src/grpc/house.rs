//! `HouseLetterService`

use siegel_grpc::{caller, invalid};
use siegel_proto::postbox::v1::house_letter_service_server::HouseLetterService;
use siegel_proto::postbox::v1::{
    self as pb, DeliverToOrganisationRequest, DeliverToOrganisationResponse,
};
use tonic::{Request, Response, Status};

use super::{inline, status};
use crate::app::Postbox;
use crate::app::house::HouseLetter;
use crate::domain::letter::Body;

/// Letters of the suite itself.
#[derive(Clone)]
pub struct HouseServer(pub Postbox);

#[tonic::async_trait]
impl HouseLetterService for HouseServer {
    async fn deliver_to_organisation(
        &self,
        request: Request<DeliverToOrganisationRequest>,
    ) -> Result<Response<DeliverToOrganisationResponse>, Status> {
        let caller = caller(&request)?.name();
        let message = request.into_inner();
        let Ok(organisation) = message.organisation_id.parse() else {
            return Err(invalid(&[("organisation_id", "is not the id of an organisation")]));
        };
        let limit = self.0.limits.inline_bytes;
        let (attachments, content) = inline::read(message.attachments, limit)?;
        let body = |b: pb::Body| Body {
            language: b.language,
            plain_text: b.plain_text,
            easy_text: b.easy_text,
            html: b.html,
        };
        let letter = HouseLetter {
            request_id: message.request_id,
            organisation,
            sender: message.sender,
            subject: message.subject,
            bodies: message.bodies.into_iter().map(body).collect(),
            attachments,
        };
        let done = self.0.deliver_house_letter(&caller, letter, content).await;
        let done = done.map_err(|e| status::submit(&e))?;
        let letter_id = done.map(|submitted| submitted.letter.to_string()).unwrap_or_default();
        Ok(Response::new(DeliverToOrganisationResponse { letter_id }))
    }
}
