//! `OpenMattersService`

use siegel_grpc::invalid;
use siegel_proto::convert;
use siegel_proto::postbox::v1::open_matters_service_server::OpenMattersService;
use siegel_proto::postbox::v1::{CountOpenMattersRequest, CountOpenMattersResponse};
use tonic::{Request, Response, Status};

use super::status;
use crate::app::Postbox;

/// What somebody should know before their mailbox is deleted.
#[derive(Clone)]
pub struct OpenMattersServer(pub Postbox);

#[tonic::async_trait]
impl OpenMattersService for OpenMattersServer {
    async fn count_open_matters(
        &self,
        request: Request<CountOpenMattersRequest>,
    ) -> Result<Response<CountOpenMattersResponse>, Status> {
        let Ok(account) = request.get_ref().account_id.parse() else {
            return Err(invalid(&[("account_id", "is not the id of an account")]));
        };
        let open = self.0.open_matters(account).await.map_err(|e| status::trouble(&e))?;
        Ok(Response::new(CountOpenMattersResponse {
            unopened: open.unopened,
            legal_periods: open.legal_periods,
            due: open.due,
            held: open.held,
            letters: open.letters,
            last_period_ends_at: open.last_period_ends_at.map(convert::timestamp),
        }))
    }
}
