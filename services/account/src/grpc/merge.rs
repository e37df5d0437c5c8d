use siegel_proto::account::v1 as pb;
use siegel_proto::account::v1::account_merge_service_server::AccountMergeService;
use tonic::{Request, Response, Status};

use super::read;
use super::status::status;
use crate::app::{App, kinds};

/// Two accounts of one person, for identity.
pub struct Merges(pub App);

#[tonic::async_trait]
impl AccountMergeService for Merges {
    #[tracing::instrument(name = "account.merge.compare", skip_all)]
    async fn compare_accounts(
        &self,
        request: Request<pb::CompareAccountsRequest>,
    ) -> Result<Response<pb::CompareAccountsResponse>, Status> {
        let wire = request.get_ref();
        let into = read::account_id(&wire.into_account_id)?;
        let from = read::account_id(&wire.from_account_id)?;
        let found = self.0.compare_accounts(into, from).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::CompareAccountsResponse {
            comes: found.comparison.comes.into_iter().map(|held| held.name).collect(),
            differs: found.comparison.differs,
            documents: i64::try_from(found.documents).unwrap_or(i64::MAX),
            consents: found.consents,
            hindrances: found.hindrances.into_iter().map(str::to_owned).collect(),
        }))
    }

    #[tracing::instrument(name = "account.merge", skip_all)]
    async fn merge_accounts(
        &self,
        request: Request<pb::MergeAccountsRequest>,
    ) -> Result<Response<pb::MergeAccountsResponse>, Status> {
        let wire = request.get_ref();
        let order = read::order(&self.0, kinds::MERGED, &request, &wire.request_id)?;
        let into = read::account_id(&wire.into_account_id)?;
        let from = read::account_id(&wire.from_account_id)?;
        self.0.merge_accounts(&order, into, from).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::MergeAccountsResponse {}))
    }
}
