use siegel_grpc::{fault, invalid};
use siegel_proto::organisation::v1::tie_service_server::TieService;
use siegel_proto::organisation::v1::{CountTiesRequest, CountTiesResponse};
use tonic::{Request, Response, Status};

use crate::app::App;
use crate::store::ties;

/// What ties an account to others.
pub struct Ties(pub App);

#[tonic::async_trait]
impl TieService for Ties {
    #[tracing::instrument(name = "organisation.ties.count", skip_all)]
    async fn count_ties(
        &self,
        request: Request<CountTiesRequest>,
    ) -> Result<Response<CountTiesResponse>, Status> {
        let Ok(account) = request.get_ref().account_id.parse() else {
            return Err(invalid(&[("account_id", "is not the id of an account")]));
        };
        let counted = async { ties::count(&mut self.0.db.read().await?, account).await };
        let ties::Ties { memberships, mandates, facts } =
            counted.await.map_err(|error: siegel_db::StoreError| fault(&error))?;
        Ok(Response::new(CountTiesResponse { memberships, mandates, facts }))
    }
}
