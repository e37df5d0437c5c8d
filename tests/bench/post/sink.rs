//! What a gRPC client stream can do at most: a service that takes chunks and only hashes them.

use siegel_crypto::Sha256;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::upload_service_server::{UploadService, UploadServiceServer};
use tonic::{Request, Response, Status, Streaming};

/// Serves on a free port of loopback until the task is dropped; its address.
pub async fn serve() -> anyhow::Result<(String, tokio::task::JoinHandle<()>)> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = format!("http://{}", listener.local_addr()?);
    let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
    let server = tonic::transport::Server::builder().add_service(UploadServiceServer::new(Sink));
    let task = tokio::spawn(async move {
        if let Err(error) = server.serve_with_incoming(incoming).await {
            eprintln!("the sink ended: {error}");
        }
    });
    Ok((address, task))
}

struct Sink;

#[tonic::async_trait]
impl UploadService for Sink {
    async fn upload_attachment(
        &self,
        request: Request<Streaming<pb::UploadAttachmentRequest>>,
    ) -> Result<Response<pb::UploadAttachmentResponse>, Status> {
        use pb::upload_attachment_request::Part;
        let (mut stream, mut hash, mut size) = (request.into_inner(), Sha256::new(), 0_usize);
        while let Some(message) = stream.message().await? {
            if let Some(Part::Chunk(bytes)) = message.part {
                size += bytes.len();
                hash.update(&bytes);
            }
        }
        let upload = pb::Upload {
            offset_bytes: i64::try_from(size).unwrap_or(i64::MAX),
            // Somebody has to look at the hash, or it need not be made.
            refusal: siegel_crypto::b64::encode(hash.finish()),
            ..Default::default()
        };
        Ok(Response::new(pb::UploadAttachmentResponse { upload: Some(upload) }))
    }

    async fn create_upload(
        &self,
        _: Request<pb::CreateUploadRequest>,
    ) -> Result<Response<pb::CreateUploadResponse>, Status> {
        Err(Status::unimplemented("the sink only takes bytes"))
    }

    async fn get_upload(
        &self,
        _: Request<pb::GetUploadRequest>,
    ) -> Result<Response<pb::GetUploadResponse>, Status> {
        Err(Status::unimplemented("the sink only takes bytes"))
    }

    async fn cancel_upload(
        &self,
        _: Request<pb::CancelUploadRequest>,
    ) -> Result<Response<pb::CancelUploadResponse>, Status> {
        Err(Status::unimplemented("the sink only takes bytes"))
    }
}
