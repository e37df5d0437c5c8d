use siegel_grpc::{caller, digest, invalid};
use siegel_proto::convert;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::register_fact_service_server::RegisterFactService;
use siegel_proto::organisation::v1::{
    EndFactRequest, EndFactResponse, ListFactsRequest, ListFactsResponse, RecordFactRequest,
    RecordFactResponse,
};
use tonic::{Request, Response, Status};

use super::mandate_status::status;
use super::mandates::write;
use crate::app::App;
use crate::app::mandates::{Failure, NewFact};
use crate::domain::FactRole;
use crate::store::facts::Fact;

/// What registers say, recorded by operators.
pub struct Facts(pub App);

#[tonic::async_trait]
impl RegisterFactService for Facts {
    #[tracing::instrument(name = "organisation.fact.record", skip_all)]
    async fn record_fact(
        &self,
        request: Request<RecordFactRequest>,
    ) -> Result<Response<RecordFactResponse>, Status> {
        let name = operator(&request)?;
        let wire = request.get_ref();
        let write = write(&wire.request_id, digest(wire))?;
        let unknown = |_| status(&Failure::UnknownMember);
        let role = FactRole::from_number(i64::from(wire.role));
        let new = NewFact {
            organisation: wire.organisation_id.parse().map_err(unknown)?,
            member: wire.member_id.parse().map_err(unknown)?,
            role: role.ok_or_else(|| invalid(&[("role", "is none")]))?,
            jointly: wire.jointly,
            source: wire.source.clone(),
        };
        let fact = self.0.record_fact(&name, &write, new).await.map_err(|e| status(&e))?;
        Ok(Response::new(RecordFactResponse { fact: Some(written(&fact)) }))
    }

    #[tracing::instrument(name = "organisation.fact.end", skip_all)]
    async fn end_fact(
        &self,
        request: Request<EndFactRequest>,
    ) -> Result<Response<EndFactResponse>, Status> {
        let name = operator(&request)?;
        let wire = request.get_ref();
        let write = write(&wire.request_id, digest(wire))?;
        let id = wire.fact_id.parse().map_err(|_| status(&Failure::UnknownFact))?;
        let fact = self.0.end_fact(&name, &write, id).await.map_err(|e| status(&e))?;
        Ok(Response::new(EndFactResponse { fact: Some(written(&fact)) }))
    }

    #[tracing::instrument(name = "organisation.fact.list", skip_all)]
    async fn list_facts(
        &self,
        request: Request<ListFactsRequest>,
    ) -> Result<Response<ListFactsResponse>, Status> {
        operator(&request)?;
        let id = request.get_ref().organisation_id.parse();
        let id = id.map_err(|_| status(&Failure::UnknownOrganisation))?;
        let facts = self.0.facts(id).await.map_err(|e| status(&e))?;
        let facts = facts.iter().map(written).collect();
        Ok(Response::new(ListFactsResponse { facts }))
    }
}

/// The operator's client, as the audit trail names it.
fn operator<T>(request: &Request<T>) -> Result<String, Status> {
    let caller = caller(request)?;
    caller.client()?;
    Ok(caller.name())
}

fn written(fact: &Fact) -> pb::Fact {
    pb::Fact {
        fact_id: fact.id.to_string(),
        organisation_id: fact.organisation.to_string(),
        role: fact.role.number(),
        jointly: fact.jointly,
        source: fact.source.clone(),
        recorded_at: Some(convert::timestamp(fact.recorded_at)),
        ended_at: fact.ended_at.map(convert::timestamp),
    }
}
