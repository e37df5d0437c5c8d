//! `KeyService`: for anybody.

use siegel_proto::identity::v1 as pb;
use siegel_proto::identity::v1::key_service_server::KeyService;
use tonic::{Request, Response, Status};

use crate::state::Identity;

/// The issuer's public keys.
pub struct PublicKeys(pub Identity);

#[tonic::async_trait]
impl KeyService for PublicKeys {
    async fn list_signing_keys(
        &self,
        _request: Request<pb::ListSigningKeysRequest>,
    ) -> Result<Response<pb::ListSigningKeysResponse>, Status> {
        let jwks = self.0.keys.served(self.0.now()).to_json();
        Ok(Response::new(pb::ListSigningKeysResponse { jwks }))
    }
}
