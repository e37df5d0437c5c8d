use siegel_grpc::{invalid, refusal};
use siegel_proto::account::v1 as pb;
use siegel_proto::account::v1::identification_change_service_server::IdentificationChangeService;
use siegel_proto::convert;
use tonic::{Code, Request, Response, Status};

use super::status::status;
use super::{read, write};
use crate::app::{App, Comparison, Decision, Failure, Once, kinds};
use crate::store::attributes::AttributeId;

/// What became of a person's data.
pub struct Changes(pub App);

#[tonic::async_trait]
impl IdentificationChangeService for Changes {
    #[tracing::instrument(name = "account.attributes.history", skip_all)]
    async fn list_attribute_history(
        &self,
        request: Request<pb::ListAttributeHistoryRequest>,
    ) -> Result<Response<pb::ListAttributeHistoryResponse>, Status> {
        let account = read::own_account(&request)?;
        let size = read::page_size(request.get_ref().page_size)?;
        let (at, id) = read::time_token(&request.get_ref().page_token)?;
        let before = (at, AttributeId::from_uuid(id));
        let all = self.0.attribute_history(account, before, size + 1).await;
        let (values, last) = write::page(all.map_err(|e| status(&e))?, size);
        let token = |once: Once| write::time_token(once.held.recorded_at, once.id.as_uuid());
        let now = self.0.clock.now();
        let value = |once: &Once| pb::PastValue {
            attribute: Some(write::attribute(&once.held, now)),
            recorded_at: Some(convert::timestamp(once.held.recorded_at)),
            superseded_at: once.superseded_at.map(convert::timestamp),
        };
        Ok(Response::new(pb::ListAttributeHistoryResponse {
            values: values.iter().map(value).collect(),
            next_page_token: last.map(token).unwrap_or_default(),
        }))
    }

    #[tracing::instrument(name = "account.change.get", skip_all)]
    async fn get_pending_change(
        &self,
        request: Request<pb::GetPendingChangeRequest>,
    ) -> Result<Response<pb::GetPendingChangeResponse>, Status> {
        let account = read::own_account(&request)?;
        let waits = self.0.pending_change(account).await.map_err(|e| status(&e))?;
        let change = waits.as_ref().map(|comparison| self.comparison(comparison));
        Ok(Response::new(pb::GetPendingChangeResponse { change }))
    }

    #[tracing::instrument(name = "account.change.decide", skip_all)]
    async fn decide_change(
        &self,
        request: Request<pb::DecideChangeRequest>,
    ) -> Result<Response<pb::DecideChangeResponse>, Status> {
        let account = read::own_account(&request)?;
        let wire = request.get_ref();
        let order = read::order(&self.0, kinds::CHANGE_DECIDED, &request, &wire.request_id)?;
        let decision = match wire.decision() {
            pb::ChangeDecision::Update => Decision::Update,
            pb::ChangeDecision::Keep => Decision::Keep,
            pb::ChangeDecision::Unspecified => {
                return Err(invalid(&[("decision", "is neither to update nor to keep")]));
            }
        };
        let unknown = Failure::UnknownChange;
        let id = wire.change_id.parse();
        let id = id.map_err(|_| refusal(Code::NotFound, "CHANGE_UNKNOWN", &unknown, []))?;
        let done = self.0.decide_change(&order, account, id, decision).await;
        done.map_err(|e| status(&e))?;
        Ok(Response::new(pb::DecideChangeResponse {}))
    }
}

impl Changes {
    fn comparison(&self, comparison: &Comparison) -> pb::PendingChange {
        let now = self.0.clock.now();
        let differences = comparison.lines.iter().map(|line| pb::Difference {
            name: line.name.clone(),
            before: line.before.as_ref().map(|held| write::attribute(held, now)),
            after: line.after.as_ref().map(|held| write::attribute(held, now)),
            differs: line.differs(),
        });
        pb::PendingChange {
            change_id: comparison.id.to_string(),
            proposed_at: Some(convert::timestamp(comparison.proposed_at)),
            level: comparison.level.map_or(0, write::level),
            differences: differences.collect(),
        }
    }
}
