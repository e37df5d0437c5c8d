use siegel_grpc::invalid;
use siegel_proto::convert;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::claim_revocation_service_server::ClaimRevocationService;
use siegel_proto::organisation::v1::claim_service_server::ClaimService;
use siegel_proto::organisation::v1::organisation_admin_service_server::OrganisationAdminService;
use siegel_receipt_pdf::Language;
use tonic::{Request, Response, Status};

use super::read::{id, operator_order, optional_id, order, organisation};
use super::status::status;
use super::values;
use crate::app::{App, Order, OwnClaim, Refusal, kinds};
use crate::domain::claim::{Method, State};
use crate::domain::codes;
use crate::domain::fields::Source;
use crate::store::claims::Claim;

/// Claims of persons.
pub struct Claims(pub App);

/// For whoever holds a letter.
pub struct Revocations(pub App);

/// For operators.
pub struct Admin(pub App);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl ClaimService for Claims {
    #[tracing::instrument(name = "organisation.claim.make", skip_all)]
    async fn claim_organisation(
        &self,
        request: Request<pb::ClaimOrganisationRequest>,
    ) -> Answer<pb::ClaimOrganisationResponse> {
        let order = order(&self.0, kinds::CLAIMED, &request, &request.get_ref().request_id)?;
        let wire = request.get_ref();
        let org = organisation(&wire.organisation_id)?;
        let method = Method::from_number(i64::from(wire.method));
        let method = method.ok_or_else(|| invalid(&[("method", "is no method")]))?;
        let done = self.0.claim(&order, org, method, &wire.claimant_name).await;
        let made = self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::ClaimOrganisationResponse { claim: Some(own(made)) }))
    }

    #[tracing::instrument(name = "organisation.claim.prove", skip_all)]
    async fn prove_by_certificate(
        &self,
        request: Request<pb::ProveByCertificateRequest>,
    ) -> Answer<pb::ProveByCertificateResponse> {
        let order = order(&self.0, kinds::CLAIM_PROVEN, &request, &request.get_ref().request_id)?;
        let wire = request.get_ref();
        let claim = id(&wire.claim_id, Refusal::ClaimUnknown)?;
        if wire.certificates.len() > 8 {
            return Err(invalid(&[("certificates", "are more than eight")]));
        }
        let (chain, statement) = (&wire.certificates, &wire.statement);
        let done = self.0.prove_by_certificate(&order, claim, chain, statement).await;
        let proven = self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::ProveByCertificateResponse { claim: Some(own(proven)) }))
    }

    #[tracing::instrument(name = "organisation.claim.recover", skip_all)]
    async fn request_recovery(
        &self,
        request: Request<pb::RequestRecoveryRequest>,
    ) -> Answer<pb::RequestRecoveryResponse> {
        let kind = kinds::RECOVERY_REQUESTED;
        let order = order(&self.0, kind, &request, &request.get_ref().request_id)?;
        let wire = request.into_inner();
        let register = wire.register.map(values::entry);
        let register = register.ok_or_else(|| invalid(&[("register", "is missing")]))?;
        let done = self.0.request_recovery(&order, register, &wire.claimant_name).await;
        let made = self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::RequestRecoveryResponse { claim_id: made.to_string() }))
    }

    #[tracing::instrument(name = "organisation.claims.own", skip_all)]
    async fn list_own_claims(
        &self,
        request: Request<pb::ListOwnClaimsRequest>,
    ) -> Answer<pb::ListOwnClaimsResponse> {
        let who = super::read::account(&request)?;
        let claims = self.0.own_claims(who).await.map_err(|e| status(&e))?;
        let claims = claims.into_iter().map(own).collect();
        Ok(Response::new(pb::ListOwnClaimsResponse { claims }))
    }

    #[tracing::instrument(name = "organisation.claim.withdraw", skip_all)]
    async fn withdraw_claim(
        &self,
        request: Request<pb::WithdrawClaimRequest>,
    ) -> Answer<pb::WithdrawClaimResponse> {
        let kind = kinds::CLAIM_WITHDRAWN;
        let order = order(&self.0, kind, &request, &request.get_ref().request_id)?;
        let claim = id(&request.get_ref().claim_id, Refusal::ClaimUnknown)?;
        let done = self.0.withdraw_claim(&order, claim).await;
        self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::WithdrawClaimResponse {}))
    }
}

#[tonic::async_trait]
impl ClaimRevocationService for Revocations {
    #[tracing::instrument(name = "organisation.claim.revoke", skip_all)]
    async fn revoke_claim(
        &self,
        request: Request<pb::RevokeClaimRequest>,
    ) -> Answer<pb::RevokeClaimResponse> {
        let wire = request.get_ref();
        let done = self.0.revoke_claim(&wire.account_name, &wire.code).await;
        let order = Order {
            kind: kinds::CLAIM_REVOKED,
            caller: "anyone".to_owned(),
            request_id: String::new(),
            digest: [0; 32],
            person: None,
        };
        self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::RevokeClaimResponse {}))
    }
}

#[tonic::async_trait]
impl OrganisationAdminService for Admin {
    #[tracing::instrument(name = "organisation.admin.claims", skip_all)]
    async fn list_claims(
        &self,
        request: Request<pb::ListClaimsRequest>,
    ) -> Answer<pb::ListClaimsResponse> {
        let after = optional_id(&request.get_ref().after_claim_id, Refusal::ClaimUnknown)?;
        let found = self.0.claims_to_do(after).await.map_err(|e| status(&e))?;
        let claims = found.into_iter().map(|claim| for_operators(&claim, 0)).collect();
        Ok(Response::new(pb::ListClaimsResponse { claims }))
    }

    #[tracing::instrument(name = "organisation.admin.claim", skip_all)]
    async fn get_claim(
        &self,
        request: Request<pb::GetClaimRequest>,
    ) -> Answer<pb::GetClaimResponse> {
        let claim = id(&request.get_ref().claim_id, Refusal::ClaimUnknown)?;
        let looked = self.0.look_at_claim(claim).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::GetClaimResponse {
            claim: Some(for_operators(&looked.own.claim, looked.own.rivals)),
            claimant_name: looked.claimant,
            register: looked.register.map(values::written_entry),
            fields: looked.fields.into_iter().map(values::written).collect(),
            managers: i32::try_from(looked.managers).unwrap_or(i32::MAX),
        }))
    }

    #[tracing::instrument(name = "organisation.admin.approve", skip_all)]
    async fn approve_claim(
        &self,
        request: Request<pb::ApproveClaimRequest>,
    ) -> Answer<pb::ApproveClaimResponse> {
        let kind = kinds::CLAIM_APPROVED;
        let order = operator_order(&self.0, kind, &request, &request.get_ref().request_id)?;
        let wire = request.into_inner();
        let claim = id(&wire.claim_id, Refusal::ClaimUnknown)?;
        let level = convert::level(wire.level);
        let level = level.ok_or_else(|| invalid(&[("level", "is no level")]))?;
        let mut fields = Vec::new();
        for found in wire.fields {
            let source = Source::from_number(i64::from(found.source));
            let source = source.ok_or_else(|| invalid(&[("fields.source", "is no source")]))?;
            let value = values::value(found.value);
            let value = value.ok_or_else(|| invalid(&[("fields.value", "is missing")]))?;
            fields.push((values::field(found.name)?, value, source));
        }
        let done = self.0.approve_claim(&order, claim, fields, level).await;
        self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::ApproveClaimResponse {}))
    }

    #[tracing::instrument(name = "organisation.admin.reject", skip_all)]
    async fn reject_claim(
        &self,
        request: Request<pb::RejectClaimRequest>,
    ) -> Answer<pb::RejectClaimResponse> {
        let kind = kinds::CLAIM_REJECTED;
        let order = operator_order(&self.0, kind, &request, &request.get_ref().request_id)?;
        let claim = id(&request.get_ref().claim_id, Refusal::ClaimUnknown)?;
        let done = self.0.reject_claim(&order, claim).await;
        self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::RejectClaimResponse {}))
    }

    #[tracing::instrument(name = "organisation.admin.print", skip_all)]
    async fn print_claim_letter(
        &self,
        request: Request<pb::PrintClaimLetterRequest>,
    ) -> Answer<pb::PrintClaimLetterResponse> {
        let kind = kinds::LETTER_PRINTED;
        let order = operator_order(&self.0, kind, &request, &request.get_ref().request_id)?;
        let wire = request.into_inner();
        let claim = id(&wire.claim_id, Refusal::ClaimUnknown)?;
        let address = wire.address.map(values::address);
        let language = Language::of_tag(&wire.locale);
        let done = self.0.print_letter(&order, claim, address, language).await;
        let pdf = self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::PrintClaimLetterResponse { pdf }))
    }

    #[tracing::instrument(name = "organisation.admin.sent", skip_all)]
    async fn confirm_letter_sent(
        &self,
        request: Request<pb::ConfirmLetterSentRequest>,
    ) -> Answer<pb::ConfirmLetterSentResponse> {
        let kind = kinds::LETTER_SENT;
        let order = operator_order(&self.0, kind, &request, &request.get_ref().request_id)?;
        let claim = id(&request.get_ref().claim_id, Refusal::ClaimUnknown)?;
        let done = self.0.letter_sent(&order, claim).await;
        self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::ConfirmLetterSentResponse {}))
    }
}

/// As its claimant sees it. The account name is for the letter: who has it can lock its code.
pub(super) fn own(OwnClaim { claim, rivals }: OwnClaim) -> pb::Claim {
    let hidden = claim.recovery && !matches!(claim.state, State::Active | State::Cooling);
    let mut written = for_operators(&claim, rivals);
    if claim.state == State::Asked {
        written.challenge = claim.challenge;
    }
    written.account_name = String::new();
    if hidden {
        written.organisation_id = String::new();
    }
    written
}

fn for_operators(claim: &Claim, rivals: i64) -> pb::Claim {
    pb::Claim {
        claim_id: claim.id.to_string(),
        organisation_id: claim.organisation.map(|id| id.to_string()).unwrap_or_default(),
        method: claim.method.number(),
        state: claim.state.number(),
        recovery: claim.recovery,
        claimed_at: Some(convert::timestamp(claim.claimed_at)),
        letter_sent_at: claim.letter_sent_at.map(convert::timestamp),
        cooling_until: claim.cooling_until.map(convert::timestamp),
        ended_at: claim.ended_at.map(convert::timestamp),
        challenge: String::new(),
        rivals: i32::try_from(rivals).unwrap_or(i32::MAX),
        account_name: codes::grouped(&claim.account_name),
    }
}
