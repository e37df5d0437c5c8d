use siegel_grpc::{caller, refusal};
use siegel_kernel::{AccountId, Timestamp, TrustLevel};
use siegel_proto::account::v1 as pb;
use siegel_proto::account::v1::offer_service_server::OfferService;
use siegel_proto::convert;
use tonic::{Code, Request, Response, Status};

use super::status::status;
use super::{read, write};
use crate::app::{App, Failure, Offer, kinds};
use crate::store::imported::ImportedId;

/// Longest list of attributes that anybody sends.
const ATTRIBUTES: usize = 100;

/// Accounts of closed systems.
pub struct Offers(pub App);

#[tonic::async_trait]
impl OfferService for Offers {
    #[tracing::instrument(name = "account.offers.list", skip_all)]
    async fn list_offers(
        &self,
        request: Request<pb::ListOffersRequest>,
    ) -> Result<Response<pb::ListOffersResponse>, Status> {
        let (account, level) = who(&request)?;
        let offers = self.0.offers(account, level).await.map_err(|e| status(&e))?;
        let now = self.0.clock.now();
        let offers = offers.iter().map(|one| offer(one, now)).collect();
        Ok(Response::new(pb::ListOffersResponse { offers }))
    }

    #[tracing::instrument(name = "account.offer.accept", skip_all)]
    async fn accept_offer(
        &self,
        request: Request<pb::AcceptOfferRequest>,
    ) -> Result<Response<pb::AcceptOfferResponse>, Status> {
        let (account, _) = who(&request)?;
        let wire = request.get_ref();
        let order = read::order(&self.0, kinds::OFFER_ACCEPTED, &request, &wire.request_id)?;
        if wire.attributes.len() > ATTRIBUTES {
            return Err(siegel_grpc::invalid(&[("attributes", "are more than there can be")]));
        }
        let id = offer_id(&wire.offer_id)?;
        let done = self.0.accept_offer(&order, account, id, &wire.attributes).await;
        done.map_err(|e| status(&e))?;
        Ok(Response::new(pb::AcceptOfferResponse {}))
    }

    #[tracing::instrument(name = "account.offer.decline", skip_all)]
    async fn decline_offer(
        &self,
        request: Request<pb::DeclineOfferRequest>,
    ) -> Result<Response<pb::DeclineOfferResponse>, Status> {
        let (account, _) = who(&request)?;
        let wire = request.get_ref();
        let order = read::order(&self.0, kinds::OFFER_DECLINED, &request, &wire.request_id)?;
        let id = offer_id(&wire.offer_id)?;
        self.0.decline_offer(&order, account, id).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::DeclineOfferResponse {}))
    }
}

fn who<M>(request: &Request<M>) -> Result<(AccountId, TrustLevel), Status> {
    let person = caller(request)?.person()?;
    Ok((person.account, person.level))
}

/// What is no id is offered to nobody, like everything else that is unknown.
fn offer_id(text: &str) -> Result<ImportedId, Status> {
    let unknown = Failure::UnknownOffer;
    text.parse().map_err(|_| refusal(Code::NotFound, "OFFER_UNKNOWN", &unknown, []))
}

fn offer(offer: &Offer, now: Timestamp) -> pb::Offer {
    let attributes = offer.lines.iter().map(|line| pb::OfferedAttribute {
        new: Some(write::attribute(&line.new, now)),
        today: line.today.as_ref().map(|held| write::attribute(held, now)),
        comes: line.comes,
    });
    pb::Offer {
        offer_id: offer.id.to_string(),
        system: offer.system.clone(),
        tenant: offer.tenant.clone(),
        imported_at: Some(convert::timestamp(offer.imported_at)),
        valid_until: Some(convert::timestamp(offer.valid_until)),
        needed_level: write::level(offer.needed),
        somebody_else: offer.somebody_else,
        attributes: attributes.collect(),
    }
}
