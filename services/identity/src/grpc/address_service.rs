//! `AddressService`: whose an address is, for the suite's own services.

use siegel_grpc::{fault, invalid};
use siegel_kernel::AccountId;
use siegel_proto::identity::v1 as pb;
use siegel_proto::identity::v1::address_service_server::AddressService;
use tonic::{Request, Response, Status};

use crate::domain::email::EmailAddress;
use crate::state::Identity;
use crate::store::accounts;

/// Addresses of accounts.
pub struct Addresses(pub Identity);

#[tonic::async_trait]
impl AddressService for Addresses {
    #[tracing::instrument(name = "identity.address.check", skip_all)]
    async fn check_address(
        &self,
        request: Request<pb::CheckAddressRequest>,
    ) -> Result<Response<pb::CheckAddressResponse>, Status> {
        let wire = request.get_ref();
        let Ok(account) = wire.account_id.parse::<AccountId>() else {
            return Err(invalid(&[("account_id", "is no account id")]));
        };
        // What is no address was confirmed by nobody.
        let Ok(address) = EmailAddress::parse(&wire.email) else {
            return Ok(Response::new(pb::CheckAddressResponse { confirmed: false }));
        };
        let hash = self.0.people.keys.address_hash(&address);
        let mut tx = self.0.outside.db.read().await.map_err(|e| fault(&e))?;
        let owner = accounts::by_address(&mut tx, &hash).await.map_err(|e| fault(&e))?;
        Ok(Response::new(pb::CheckAddressResponse { confirmed: owner == Some(account) }))
    }
}
