use siegel_grpc::{caller, digest, invalid};
use siegel_proto::common::v1 as common;
use siegel_proto::convert;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::organisation_service_server::OrganisationService;
use siegel_proto::organisation::v1::{
    CreateOrganisationRequest, CreateOrganisationResponse, GetOrganisationRequest,
    GetOrganisationResponse, ListOrganisationsRequest, ListOrganisationsResponse,
};
use tonic::{Request, Response, Status};

use super::status::status;
use crate::app::{App, Failure, Founder, Founding};
use crate::domain::RegisterEntry;
use crate::store::organisations::Seen;

/// Organisations as their members see them.
pub struct Organisations(pub App);

#[tonic::async_trait]
impl OrganisationService for Organisations {
    #[tracing::instrument(name = "organisation.create", skip_all)]
    async fn create_organisation(
        &self,
        request: Request<CreateOrganisationRequest>,
    ) -> Result<Response<CreateOrganisationResponse>, Status> {
        let caller = caller(&request)?;
        let person = caller.person()?;
        let founder =
            Founder { account: person.account, level: person.level, caller: caller.name() };
        let wire = request.get_ref();
        let register =
            RegisterEntry::parse(&wire.register_kind, &wire.register_court, &wire.register_number);
        if wire.request_id.is_empty() || wire.request_id.len() > 128 {
            return Err(invalid(&[("request_id", "has not 1 to 128 characters")]));
        }
        let founding = Founding {
            request_id: wire.request_id.clone(),
            digest: digest(wire),
            name: wire.name.clone(),
            legal_form: wire.legal_form.clone(),
            register: register.map_err(|bad| status(&Failure::from(bad)))?,
        };
        let seen = self.0.create(&founder, founding).await.map_err(|e| status(&e))?;
        Ok(Response::new(CreateOrganisationResponse { organisation: Some(written(&seen)) }))
    }

    #[tracing::instrument(name = "organisation.get", skip_all)]
    async fn get_organisation(
        &self,
        request: Request<GetOrganisationRequest>,
    ) -> Result<Response<GetOrganisationResponse>, Status> {
        let account = caller(&request)?.person()?.account;
        let id = request.get_ref().organisation_id.parse();
        let id = id.map_err(|_| status(&Failure::UnknownOrganisation))?;
        let seen = self.0.organisation(account, id).await.map_err(|e| status(&e))?;
        Ok(Response::new(GetOrganisationResponse { organisation: Some(written(&seen)) }))
    }

    #[tracing::instrument(name = "organisation.list", skip_all)]
    async fn list_organisations(
        &self,
        request: Request<ListOrganisationsRequest>,
    ) -> Result<Response<ListOrganisationsResponse>, Status> {
        let account = caller(&request)?.person()?.account;
        let all = self.0.organisations(account).await.map_err(|e| status(&e))?;
        let organisations = all.iter().map(written).collect();
        Ok(Response::new(ListOrganisationsResponse { organisations }))
    }
}

fn written(seen: &Seen) -> pb::Organisation {
    let organisation = &seen.organisation;
    let (kind, court, number) = match &organisation.register {
        Some(entry) => (entry.kind.as_str(), entry.court.as_str(), entry.number.as_str()),
        None => ("", "", ""),
    };
    pb::Organisation {
        organisation_id: organisation.id.to_string(),
        name: organisation.name.clone(),
        legal_form: organisation.legal_form.clone(),
        register_kind: kind.to_owned(),
        register_court: court.to_owned(),
        register_number: number.to_owned(),
        identification_level: common::TrustLevel::from(organisation.identification_level).into(),
        created_at: Some(convert::timestamp(organisation.created_at)),
        role: seen.role.number(),
    }
}
