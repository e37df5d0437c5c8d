use siegel_grpc::invalid;
use siegel_proto::convert;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::claim_proof_service_server::ClaimProofService;
use tonic::{Request, Response, Status};

use super::claims::own;
use super::read::{id, operator_order};
use super::status::status;
use super::values;
use crate::app::{App, Failure, Order, Refusal, Said, kinds};
use crate::domain::told::Told;

/// For identity.
pub struct Proofs(pub App);

#[tonic::async_trait]
impl ClaimProofService for Proofs {
    #[tracing::instrument(name = "organisation.claim.prove_by_upstream", skip_all)]
    async fn prove_by_upstream(
        &self,
        request: Request<pb::ProveByUpstreamRequest>,
    ) -> Result<Response<pb::ProveByUpstreamResponse>, Status> {
        let kind = kinds::CLAIM_PROVEN;
        let order = operator_order(&self.0, kind, &request, &request.get_ref().request_id)?;
        let wire = request.into_inner();
        let claim = id(&wire.claim_id, Refusal::ClaimUnknown)?;
        let account = id(&wire.account_id, Refusal::ClaimUnknown)?;
        let said = said(wire)?;
        let order = Order { person: Some((account, said.authentication)), ..order };
        let done = self.0.prove_by_upstream(&order, claim, &said).await;
        let proven = self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::ProveByUpstreamResponse { claim: Some(own(proven)) }))
    }
}

fn said(wire: pb::ProveByUpstreamRequest) -> Result<Said, Status> {
    let identification = convert::level(wire.identification_level)
        .ok_or_else(|| invalid(&[("identification_level", "is no level")]))?;
    let authentication = convert::level(wire.authentication_level)
        .ok_or_else(|| invalid(&[("authentication_level", "is no level")]))?;
    let mut fields = Vec::new();
    for told in wire.fields {
        // An empty value is as good as none.
        if let Some(value) = values::value(told.value) {
            fields.push((values::field(told.name)?, value));
        }
    }
    let told = Told::new(fields).map_err(|bad| status(&Failure::Malformed(bad)))?;
    let acting_person = wire.acting_person;
    Ok(Said { provider: wire.provider, told, identification, authentication, acting_person })
}
