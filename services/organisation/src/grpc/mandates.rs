use siegel_grpc::{Person, caller, digest, invalid};
use siegel_kernel::OrganisationId;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::mandate_service_server::MandateService;
use siegel_proto::organisation::v1::{
    AcceptMandateRequest, AcceptMandateResponse, GetMandateRequest, GetMandateResponse,
    GrantMandateRequest, GrantMandateResponse, ListMandatesRequest, ListMandatesResponse,
    ListPackagesRequest, ListPackagesResponse, ListUsesRequest, ListUsesResponse,
    RejectMandateRequest, RejectMandateResponse, ReviewMandateRequest, ReviewMandateResponse,
    RevokeMandateRequest, RevokeMandateResponse,
};
use tonic::{Request, Response, Status};

use super::mandate_status::status;
use super::terms;
use crate::app::App;
use crate::app::mandates::{Acting, Failure, Granting, NamesOf, Taking, Write};
use crate::domain::{MandateId, Package};
use crate::store::mandates::Side;

/// Items of one page: at most, and when nothing is said.
const PAGE: (usize, usize) = (500, 50);

/// Mandates as those see them who give and hold them.
pub struct Mandates(pub App);

#[tonic::async_trait]
impl MandateService for Mandates {
    #[tracing::instrument(name = "organisation.mandate.packages", skip_all)]
    async fn list_packages(
        &self,
        _: Request<ListPackagesRequest>,
    ) -> Result<Response<ListPackagesResponse>, Status> {
        let packages = Package::ALL.map(|package| pb::Package {
            package: package.as_str().to_owned(),
            actions: package.actions().iter().map(|action| *action as i32).collect(),
            for_persons: package.is_for_persons(),
        });
        Ok(Response::new(ListPackagesResponse { packages: packages.into() }))
    }

    #[tracing::instrument(name = "organisation.mandate.grant", skip_all)]
    async fn grant_mandate(
        &self,
        request: Request<GrantMandateRequest>,
    ) -> Result<Response<GrantMandateResponse>, Status> {
        let who = acting(&request)?;
        let wire = request.get_ref();
        let write = write(&wire.request_id, self.0.names.digest(digest(wire)))?;
        let granting = Granting {
            organisation: own_organisation(&wire.organisation_id)?,
            parent: parent(&wire.parent_mandate_id)?,
            to: match wire.to_organisation_id.as_str() {
                "" => None,
                id => Some(
                    id.parse()
                        .map_err(|_| invalid(&[("to_organisation_id", "is no organisation id")]))?,
                ),
            },
            names: NamesOf { from: wire.from_name.clone(), to: wire.to_name.clone() },
            terms: terms::terms(wire, self.0.clock.now())?,
        };
        let granted = self.0.grant(&who, &write, granting).await;
        let (seen, code) = granted.map_err(|e| status(&e))?;
        let mandate = Some(terms::mandate(&seen));
        Ok(Response::new(GrantMandateResponse { mandate, code }))
    }

    #[tracing::instrument(name = "organisation.mandate.accept", skip_all)]
    async fn accept_mandate(
        &self,
        request: Request<AcceptMandateRequest>,
    ) -> Result<Response<AcceptMandateResponse>, Status> {
        let who = acting(&request)?;
        let wire = request.get_ref();
        let write = write(&wire.request_id, digest(wire))?;
        let taking = taking(&wire.code, &wire.organisation_id)?;
        let seen = self.0.accept(&who, &write, &taking).await.map_err(|e| status(&e))?;
        Ok(Response::new(AcceptMandateResponse { mandate: Some(terms::mandate(&seen)) }))
    }

    #[tracing::instrument(name = "organisation.mandate.reject", skip_all)]
    async fn reject_mandate(
        &self,
        request: Request<RejectMandateRequest>,
    ) -> Result<Response<RejectMandateResponse>, Status> {
        let who = acting(&request)?;
        let wire = request.get_ref();
        let write = write(&wire.request_id, digest(wire))?;
        let taking = taking(&wire.code, &wire.organisation_id)?;
        self.0.reject(&who, &write, &taking).await.map_err(|e| status(&e))?;
        Ok(Response::new(RejectMandateResponse {}))
    }

    #[tracing::instrument(name = "organisation.mandate.revoke", skip_all)]
    async fn revoke_mandate(
        &self,
        request: Request<RevokeMandateRequest>,
    ) -> Result<Response<RevokeMandateResponse>, Status> {
        let who = acting(&request)?;
        let wire = request.get_ref();
        let write = write(&wire.request_id, digest(wire))?;
        let id = mandate_id(&wire.mandate_id)?;
        let seen = self.0.revoke(&who, &write, id).await.map_err(|e| status(&e))?;
        Ok(Response::new(RevokeMandateResponse { mandate: Some(terms::mandate(&seen)) }))
    }

    #[tracing::instrument(name = "organisation.mandate.review", skip_all)]
    async fn review_mandate(
        &self,
        request: Request<ReviewMandateRequest>,
    ) -> Result<Response<ReviewMandateResponse>, Status> {
        let who = acting(&request)?;
        let wire = request.get_ref();
        let write = write(&wire.request_id, digest(wire))?;
        let id = mandate_id(&wire.mandate_id)?;
        let until = terms::instant(wire.valid_until.as_ref());
        let review = terms::instant(wire.review_at.as_ref());
        let seen = self.0.review(&who, &write, id, (until, review)).await;
        let mandate = Some(terms::mandate(&seen.map_err(|e| status(&e))?));
        Ok(Response::new(ReviewMandateResponse { mandate }))
    }

    #[tracing::instrument(name = "organisation.mandate.get", skip_all)]
    async fn get_mandate(
        &self,
        request: Request<GetMandateRequest>,
    ) -> Result<Response<GetMandateResponse>, Status> {
        let account = person(&request)?.account;
        let id = mandate_id(&request.get_ref().mandate_id)?;
        let (seen, sides) = self.0.mandate(account, id).await.map_err(|e| status(&e))?;
        let open = seen.record.state.is_open();
        Ok(Response::new(GetMandateResponse {
            may_review: sides.giver && seen.record.state == crate::domain::State::Active,
            may_revoke: open && sides.ends_as(&seen.record).is_some(),
            mandate: Some(terms::mandate(&seen)),
        }))
    }

    #[tracing::instrument(name = "organisation.mandate.list", skip_all)]
    async fn list_mandates(
        &self,
        request: Request<ListMandatesRequest>,
    ) -> Result<Response<ListMandatesResponse>, Status> {
        let account = person(&request)?.account;
        let wire = request.get_ref();
        let side = match wire.side() {
            pb::MandateSide::Given => Side::Given,
            pb::MandateSide::Received => Side::Received,
            pb::MandateSide::Unspecified => return Err(invalid(&[("side", "is none")])),
        };
        let organisation = own_organisation(&wire.organisation_id)?;
        let at = (wire.page_token.as_str(), terms::page_size(wire.page_size, PAGE));
        let page = self.0.mandates(account, organisation, side, at).await;
        let page = page.map_err(|e| status(&e))?;
        let mandates = page.items.iter().map(terms::mandate).collect();
        Ok(Response::new(ListMandatesResponse { mandates, next_page_token: page.next }))
    }

    #[tracing::instrument(name = "organisation.mandate.uses", skip_all)]
    async fn list_uses(
        &self,
        request: Request<ListUsesRequest>,
    ) -> Result<Response<ListUsesResponse>, Status> {
        let account = person(&request)?.account;
        let wire = request.get_ref();
        let id = mandate_id(&wire.mandate_id)?;
        let at = (wire.page_token.as_str(), terms::page_size(wire.page_size, PAGE));
        let page = self.0.uses(account, id, at).await.map_err(|e| status(&e))?;
        let uses = page.items.iter().map(terms::mandate_use).collect();
        Ok(Response::new(ListUsesResponse { uses, next_page_token: page.next }))
    }
}

fn person<T>(request: &Request<T>) -> Result<&Person, Status> {
    caller(request)?.person()
}

fn acting<T>(request: &Request<T>) -> Result<Acting, Status> {
    let caller = caller(request)?;
    let person = caller.person()?;
    Ok(Acting { account: person.account, level: person.level, caller: caller.name() })
}

/// The request of a write; its id has 1 to 128 characters.
pub fn write(request_id: &str, digest: [u8; 32]) -> Result<Write, Status> {
    if request_id.is_empty() || request_id.len() > 128 {
        return Err(invalid(&[("request_id", "has not 1 to 128 characters")]));
    }
    Ok(Write { request_id: request_id.to_owned(), digest })
}

/// An id that is none is an organisation nobody has.
fn own_organisation(id: &str) -> Result<Option<OrganisationId>, Status> {
    match id {
        "" => Ok(None),
        id => id.parse().map(Some).map_err(|_| status(&Failure::UnknownOrganisation)),
    }
}

fn mandate_id(id: &str) -> Result<MandateId, Status> {
    id.parse().map_err(|_| status(&Failure::UnknownMandate))
}

fn parent(id: &str) -> Result<Option<MandateId>, Status> {
    if id.is_empty() { Ok(None) } else { mandate_id(id).map(Some) }
}

fn taking(code: &str, organisation: &str) -> Result<Taking, Status> {
    let unknown = |_| status(&Failure::UnknownCode);
    let organisation = match organisation {
        "" => None,
        id => Some(id.parse().map_err(unknown)?),
    };
    Ok(Taking { code: code.to_owned(), organisation })
}
