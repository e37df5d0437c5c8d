use siegel_grpc::invalid;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::access_service_server::AccessService;
use siegel_proto::organisation::v1::{CheckAccessRequest, CheckAccessResponse};
use tonic::{Request, Response, Status};

use super::parties;
use super::status::status;
use crate::app::{Answer, App, Question};
use crate::domain::Action;

/// Most questions in one call.
const MOST: usize = 1_000;

/// Decisions for other services.
pub struct Access(pub App);

#[tonic::async_trait]
impl AccessService for Access {
    #[tracing::instrument(name = "organisation.access.check", skip_all)]
    async fn check_access(
        &self,
        request: Request<CheckAccessRequest>,
    ) -> Result<Response<CheckAccessResponse>, Status> {
        let wire = request.into_inner().questions;
        if wire.len() > MOST {
            return Err(invalid(&[("questions", "are more than 1,000")]));
        }
        let questions = wire.iter().enumerate().map(|(i, q)| question(i, q));
        let questions = questions.collect::<Result<Vec<_>, _>>()?;
        let answers = self.0.check_access(&questions).await.map_err(|e| status(&e))?;
        let answers = answers.into_iter().map(written).collect();
        Ok(Response::new(CheckAccessResponse { answers }))
    }

    #[tracing::instrument(name = "organisation.access.parties", skip_all)]
    async fn list_authorised_parties(
        &self,
        request: Request<pb::ListAuthorisedPartiesRequest>,
    ) -> Result<Response<pb::ListAuthorisedPartiesResponse>, Status> {
        parties::list(&self.0, request.into_inner()).await.map(Response::new)
    }
}

fn question(i: usize, wire: &pb::AccessQuestion) -> Result<Question, Status> {
    let bad = |field: &str, problem: &str| {
        invalid(&[(format!("questions[{i}].{field}").as_str(), problem)])
    };
    let organisation = wire.organisation_id.parse();
    Ok(Question {
        account: wire.account_id.parse().map_err(|_| bad("account_id", "is no account id"))?,
        organisation: organisation.map_err(|_| bad("organisation_id", "is no organisation id"))?,
        action: Action::from_number(wire.action).ok_or_else(|| bad("action", "is no action"))?,
    })
}

fn written(answer: Answer) -> pb::AccessAnswer {
    match answer {
        Ok(through) => {
            pb::AccessAnswer { allowed: true, path: through.to_string(), ..Default::default() }
        }
        Err(denied) => {
            pb::AccessAnswer { reason: denied.reason().to_owned(), ..Default::default() }
        }
    }
}
