use siegel_grpc::invalid;
use siegel_proto::account::v1 as pb;
use siegel_proto::account::v1::level_service_server::LevelService;
use tonic::{Request, Response, Status};

use super::read;
use super::status::status;
use crate::app::App;

/// Accounts in one question.
const MOST: usize = 1_000;

/// How well people are proven, for the postbox.
pub struct Levels(pub App);

#[tonic::async_trait]
impl LevelService for Levels {
    #[tracing::instrument(name = "account.levels.check", skip_all)]
    async fn check_levels(
        &self,
        request: Request<pb::CheckLevelsRequest>,
    ) -> Result<Response<pb::CheckLevelsResponse>, Status> {
        let wire = request.get_ref();
        if wire.account_ids.is_empty() || wire.account_ids.len() > MOST {
            return Err(invalid(&[("account_ids", "must be 1 to 1,000")]));
        }
        let level = read::level("level", wire.level)?;
        let accounts: Vec<_> =
            wire.account_ids.iter().map(|id| read::account_id(id)).collect::<Result<_, _>>()?;
        let reached = self.0.check_levels(&accounts, level).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::CheckLevelsResponse { reached }))
    }
}
