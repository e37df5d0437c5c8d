//! `ExportService`

use siegel_grpc::caller;
use siegel_proto::account::v1::export_service_server::ExportService;
use siegel_proto::account::v1::{ExportAccountRequest, ExportAccountResponse};
use tokio_stream::Iter;
use tonic::{Request, Response, Status};

use super::status::status;
use crate::app::App;

/// Bytes of one message.
const PIECE: usize = 256 * 1024;

/// Everything an account holds, for its owner.
pub struct Exports(pub App);

#[tonic::async_trait]
impl ExportService for Exports {
    type ExportAccountStream = Iter<std::vec::IntoIter<Result<ExportAccountResponse, Status>>>;

    async fn export_account(
        &self,
        request: Request<ExportAccountRequest>,
    ) -> Result<Response<Self::ExportAccountStream>, Status> {
        let caller = caller(&request)?;
        let whole = self.0.export(caller.person()?.account, caller.level()).await;
        let whole = whole.map_err(|e| status(&e))?;
        let pieces = whole.chunks(PIECE);
        let pieces = pieces.map(|piece| Ok(ExportAccountResponse { chunk: piece.to_vec() }));
        Ok(Response::new(tokio_stream::iter(pieces.collect::<Vec<_>>())))
    }
}
