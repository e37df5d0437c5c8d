use siegel_grpc::{caller, invalid};
use siegel_proto::common::v1::TrustLevel;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::representation_service_server::RepresentationService;
use tonic::{Request, Response, Status};

use super::status::status;
use crate::app::App;

/// About the represented, for siblings.
pub struct Representation(pub App);

#[tonic::async_trait]
impl RepresentationService for Representation {
    #[tracing::instrument(name = "organisation.party.describe", skip_all)]
    async fn describe_party(
        &self,
        request: Request<pb::DescribePartyRequest>,
    ) -> Result<Response<pb::DescribePartyResponse>, Status> {
        let id = request.get_ref().organisation_id.parse();
        let id = id.map_err(|_| invalid(&[("organisation_id", "is no organisation id")]))?;
        let found = self.0.describe(id).await.map_err(|e| status(&e))?;
        let attribute =
            |(name, value): (&'static str, String)| pb::PartyAttribute { name: name.into(), value };
        Ok(Response::new(pb::DescribePartyResponse {
            name: found.name,
            attributes: found.attributes.into_iter().map(attribute).collect(),
            identification_level: TrustLevel::from(found.identification_level).into(),
        }))
    }

    #[tracing::instrument(name = "organisation.letters.route", skip_all)]
    async fn route_letters(
        &self,
        request: Request<pb::RouteLettersRequest>,
    ) -> Result<Response<pb::RouteLettersResponse>, Status> {
        let caller = caller(&request)?.name();
        let message = request.get_ref();
        let id = message.organisation_id.parse();
        let id = id.map_err(|_| invalid(&[("organisation_id", "is no organisation id")]))?;
        if message.sector.is_empty() || message.sector.len() > 255 {
            return Err(invalid(&[("sector", "must have 1 to 255 bytes")]));
        }
        if message.name.len() > 1_024 {
            return Err(invalid(&[("name", "has more than 1024 bytes")]));
        }
        let found = self.0.route_letters(&caller, id, (&message.sector, &message.name)).await;
        let place = found.map_err(|e| status(&e))?;
        Ok(Response::new(pb::RouteLettersResponse { mailbox_id: place.text() }))
    }
}
