//! Asks identity whose an address is.

use siegel_grpc::Siblings;
use siegel_kernel::AccountId;
use siegel_proto::identity::v1::CheckAddressRequest;
use siegel_proto::identity::v1::address_service_client::AddressServiceClient;
use tonic::Code;

/// Identity did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("identity did not say whose an address is: {0}")]
pub struct NoAnswer(pub Code);

/// Whether this account confirmed this address.
pub async fn confirmed(
    siblings: &Siblings,
    account: AccountId,
    email: &str,
) -> Result<bool, NoAnswer> {
    let mut identity = AddressServiceClient::new(siblings.channel("identity"));
    let request = CheckAddressRequest { account_id: account.to_string(), email: email.to_owned() };
    let answer = identity.check_address(request).await;
    Ok(answer.map_err(|status| NoAnswer(status.code()))?.into_inner().confirmed)
}
