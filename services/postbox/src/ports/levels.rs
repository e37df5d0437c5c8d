//! Asks `account` how well recipients are proven.

use std::collections::BTreeSet;

use siegel_grpc::Siblings;
use siegel_kernel::{AccountId, TrustLevel};
use siegel_proto::account::v1::CheckLevelsRequest;
use siegel_proto::account::v1::level_service_client::LevelServiceClient;
use siegel_proto::common::v1 as common;

/// Whether each account, at most 1,000, was ever proven at a level or above, in their order.
pub async fn check(
    siblings: &Siblings,
    accounts: &BTreeSet<AccountId>,
    level: TrustLevel,
) -> Result<Vec<bool>, tonic::Status> {
    let request = CheckLevelsRequest {
        account_ids: accounts.iter().map(AccountId::to_string).collect(),
        level: common::TrustLevel::from(level).into(),
    };
    let mut client = LevelServiceClient::new(siblings.channel("account"));
    Ok(client.check_levels(request).await?.into_inner().reached)
}
