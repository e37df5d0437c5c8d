//! `PostboxAdminService`.

use siegel_grpc::{caller, invalid, refusal};
use siegel_proto::convert::{instant, timestamp};
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::postbox_admin_service_server::PostboxAdminService;
use tonic::{Code, Request, Response, Status};

use super::{admin_wire as wire, status};
use crate::app::Postbox;
use crate::app::admin::{AdminError, Done, Operator};
use crate::domain::ProposalId;
use crate::domain::admin::{Change, Period};
use crate::store::{admin, rules};

/// `PostboxAdminService`
#[derive(Clone)]
pub struct AdminServer(pub Postbox);

fn operator<T>(request: &Request<T>) -> Result<Operator, Status> {
    let caller = caller(request)?;
    let (_, tenant) = caller.client()?;
    Ok(Operator { name: caller.name(), tenant: tenant.to_owned() })
}

fn error(error: &AdminError) -> Status {
    use AdminError as E;
    let code = match error {
        E::Malformed(found) => return status::violations(found),
        E::Trouble(inner) => return status::down(inner),
        E::NotPlatformOperator | E::SameOperator => Code::PermissionDenied,
        E::RequestIdReused => Code::AlreadyExists,
        E::ProposalChanged => Code::FailedPrecondition,
        E::SenderUnknown
        | E::LetterUnknown
        | E::RecipientUnknown
        | E::HoldUnknown
        | E::RuleUnknown
        | E::ProposalUnknown => Code::NotFound,
    };
    refusal(code, error.outcome(), error, [])
}

fn store(trouble: siegel_db::StoreError) -> Status {
    status::trouble(&trouble.into())
}

impl AdminServer {
    async fn change(&self, by: &Operator, id: &str, change: Change) -> Result<Done, Status> {
        self.0.administer(by, id, &change).await.map_err(|e| error(&e))
    }

    /// As [`AdminServer::change`], for what waits for a second operator.
    async fn propose(
        &self,
        by: &Operator,
        id: &str,
        change: Change,
    ) -> Result<Option<pb::Proposal>, Status> {
        let Done::Proposed(proposal) = self.change(by, id, change).await? else {
            return Ok(None);
        };
        let mut tx = self.0.db.read().await.map_err(store)?;
        let waiting = admin::proposals(&mut tx, &by.tenant).await.map_err(store)?;
        // A repeated call may find it decided: then its id says all there is.
        let gone = || pb::Proposal { proposal_id: proposal.to_string(), ..Default::default() };
        let found = waiting.into_iter().find(|p| p.id == proposal);
        Ok(Some(found.map_or_else(gone, wire::proposal)))
    }
}

#[tonic::async_trait]
impl PostboxAdminService for AdminServer {
    async fn get_settings(
        &self,
        request: Request<pb::GetSettingsRequest>,
    ) -> Result<Response<pb::GetSettingsResponse>, Status> {
        let by = operator(&request)?;
        let mut tx = self.0.db.read().await.map_err(store)?;
        let limits = admin::limits(&mut tx).await.map_err(store)?;
        let quotas = admin::quotas(&mut tx).await.map_err(store)?;
        let classes = admin::classes(&mut tx, &by.tenant).await.map_err(store)?;
        let own = limits.into_iter().find(|(tenant, _)| *tenant == by.tenant);
        Ok(Response::new(pb::GetSettingsResponse {
            attachment_limits: own.map(|(_, limits)| wire::limits(limits)),
            quotas: quotas
                .into_iter()
                .filter(|(tenant, _)| *tenant == by.tenant)
                .map(|(_, quota)| wire::quota(quota))
                .collect(),
            retention_classes: classes.into_iter().map(wire::class).collect(),
        }))
    }

    async fn set_attachment_limits(
        &self,
        request: Request<pb::SetAttachmentLimitsRequest>,
    ) -> Result<Response<pb::SetAttachmentLimitsResponse>, Status> {
        let by = operator(&request)?;
        let message = request.into_inner();
        let change = Change::SetAttachments(wire::read_limits(message.limits)?);
        self.change(&by, &message.request_id, change).await?;
        Ok(Response::new(pb::SetAttachmentLimitsResponse {}))
    }

    async fn set_quota(
        &self,
        request: Request<pb::SetQuotaRequest>,
    ) -> Result<Response<pb::SetQuotaResponse>, Status> {
        let by = operator(&request)?;
        let message = request.into_inner();
        let change = Change::SetQuota(wire::read_quota(message.quota)?);
        self.change(&by, &message.request_id, change).await?;
        Ok(Response::new(pb::SetQuotaResponse {}))
    }

    async fn set_retention_class(
        &self,
        request: Request<pb::SetRetentionClassRequest>,
    ) -> Result<Response<pb::SetRetentionClassResponse>, Status> {
        let by = operator(&request)?;
        let message = request.into_inner();
        let change = Change::SetRetention(wire::read_class(message.retention_class)?);
        self.change(&by, &message.request_id, change).await?;
        Ok(Response::new(pb::SetRetentionClassResponse {}))
    }

    async fn place_legal_hold(
        &self,
        request: Request<pb::PlaceLegalHoldRequest>,
    ) -> Result<Response<pb::PlaceLegalHoldResponse>, Status> {
        let by = operator(&request)?;
        let message = request.into_inner();
        let on = wire::read_hold(&message).map_err(|e| e.unwrap_or_else(|e| error(&e)))?;
        let change = Change::PlaceHold { on, reference: message.reference };
        let hold_id = match self.change(&by, &message.request_id, change).await? {
            Done::Held(id) => id.to_string(),
            _ => String::new(),
        };
        Ok(Response::new(pb::PlaceLegalHoldResponse { hold_id }))
    }

    async fn propose_hold_release(
        &self,
        request: Request<pb::ProposeHoldReleaseRequest>,
    ) -> Result<Response<pb::ProposeHoldReleaseResponse>, Status> {
        let by = operator(&request)?;
        let message = request.into_inner();
        let hold = message.hold_id.parse().map_err(|_| error(&AdminError::HoldUnknown))?;
        let change = Change::ReleaseHold { hold };
        let proposal = self.propose(&by, &message.request_id, change).await?;
        Ok(Response::new(pb::ProposeHoldReleaseResponse { proposal }))
    }

    async fn list_legal_holds(
        &self,
        request: Request<pb::ListLegalHoldsRequest>,
    ) -> Result<Response<pb::ListLegalHoldsResponse>, Status> {
        let by = operator(&request)?;
        let all = request.get_ref().all;
        let mut tx = self.0.db.read().await.map_err(store)?;
        let holds = admin::holds_of_tenant(&mut tx, &by.tenant).await.map_err(store)?;
        let shown = holds.into_iter().filter(|h| all || h.released_at.is_none());
        Ok(Response::new(pb::ListLegalHoldsResponse { holds: shown.map(wire::hold).collect() }))
    }

    async fn list_rules(
        &self,
        request: Request<pb::ListRulesRequest>,
    ) -> Result<Response<pb::ListRulesResponse>, Status> {
        operator(&request)?;
        let mut tx = self.0.db.read().await.map_err(store)?;
        let rows = rules::all(&mut tx).await.map_err(store)?;
        Ok(Response::new(pb::ListRulesResponse {
            rules: rows.into_iter().map(wire::rule).collect(),
        }))
    }

    async fn propose_rule(
        &self,
        request: Request<pb::ProposeRuleRequest>,
    ) -> Result<Response<pb::ProposeRuleResponse>, Status> {
        let by = operator(&request)?;
        let message = request.into_inner();
        let rule = message.rule.ok_or_else(|| invalid(&[("rule", "must be there")]))?;
        let change = Change::AddRule(wire::read_rule(rule));
        let proposal = self.propose(&by, &message.request_id, change).await?;
        Ok(Response::new(pb::ProposeRuleResponse { proposal }))
    }

    async fn propose_rule_confirmation(
        &self,
        request: Request<pb::ProposeRuleConfirmationRequest>,
    ) -> Result<Response<pb::ProposeRuleConfirmationResponse>, Status> {
        let by = operator(&request)?;
        let message = request.into_inner();
        let change = Change::ConfirmRule { rule: message.rule_id };
        let proposal = self.propose(&by, &message.request_id, change).await?;
        Ok(Response::new(pb::ProposeRuleConfirmationResponse { proposal }))
    }

    async fn declare_outage(
        &self,
        request: Request<pb::DeclareOutageRequest>,
    ) -> Result<Response<pb::DeclareOutageResponse>, Status> {
        let by = operator(&request)?;
        let message = request.into_inner();
        let (Some(from), Some(to)) = (&message.from, &message.to) else {
            return Err(invalid(&[("from", "must be there, and `to`")]));
        };
        let period = Period { from_us: instant(from).as_micros(), to_us: instant(to).as_micros() };
        let change = Change::DeclareOutage { period, reason: message.reason };
        let outage_id = match self.change(&by, &message.request_id, change).await? {
            Done::Outage(id) => id.to_string(),
            _ => String::new(),
        };
        Ok(Response::new(pb::DeclareOutageResponse { outage_id }))
    }

    async fn list_outages(
        &self,
        request: Request<pb::ListOutagesRequest>,
    ) -> Result<Response<pb::ListOutagesResponse>, Status> {
        operator(&request)?;
        let mut tx = self.0.db.read().await.map_err(store)?;
        let always = siegel_kernel::Timestamp::from_micros(0);
        let now = self.0.now().legal;
        let rows = admin::outages(&mut tx, always, now).await.map_err(store)?;
        let outage = |o: admin::OutageRow| pb::Outage {
            outage_id: o.id.to_string(),
            from: Some(timestamp(o.from)),
            to: Some(timestamp(o.to)),
            reason: o.reason,
            declared_at: Some(timestamp(o.declared_at)),
        };
        Ok(Response::new(pb::ListOutagesResponse {
            outages: rows.into_iter().map(outage).collect(),
        }))
    }

    async fn list_proposals(
        &self,
        request: Request<pb::ListProposalsRequest>,
    ) -> Result<Response<pb::ListProposalsResponse>, Status> {
        let by = operator(&request)?;
        let mut tx = self.0.db.read().await.map_err(store)?;
        let waiting = admin::proposals(&mut tx, &by.tenant).await.map_err(store)?;
        let proposals = waiting.into_iter().map(wire::proposal).collect();
        Ok(Response::new(pb::ListProposalsResponse { proposals }))
    }

    async fn approve_proposal(
        &self,
        request: Request<pb::ApproveProposalRequest>,
    ) -> Result<Response<pb::ApproveProposalResponse>, Status> {
        let by = operator(&request)?;
        let message = request.into_inner();
        let proposal = read_proposal(&message.proposal_id)?;
        let change = Change::Approve { proposal, digest: message.digest };
        self.change(&by, &message.request_id, change).await?;
        Ok(Response::new(pb::ApproveProposalResponse {}))
    }

    async fn reject_proposal(
        &self,
        request: Request<pb::RejectProposalRequest>,
    ) -> Result<Response<pb::RejectProposalResponse>, Status> {
        let by = operator(&request)?;
        let message = request.into_inner();
        let change = Change::Reject { proposal: read_proposal(&message.proposal_id)? };
        self.change(&by, &message.request_id, change).await?;
        Ok(Response::new(pb::RejectProposalResponse {}))
    }
}

/// What is no id names no proposal.
fn read_proposal(id: &str) -> Result<ProposalId, Status> {
    id.parse().map_err(|_| error(&AdminError::ProposalUnknown))
}
