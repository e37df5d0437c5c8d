//! Calls to witnesses of the public log (C2SP `tlog-witness`).

use axum::http::{Method, Request, Uri, uri};
use futures_util::future::BoxFuture;
use siegel_egress::{Egress, EgressError};

/// What a witness answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub body: String,
}

/// Hands a checkpoint to a witness.
pub trait Cosigner: std::fmt::Debug + Send + Sync {
    /// Posts `body` to `<url>/add-checkpoint`.
    fn add_checkpoint<'a>(
        &'a self,
        url: &'a str,
        body: String,
    ) -> BoxFuture<'a, Result<Reply, CallError>>;
}

/// A witness could not be asked. Names no address.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("the address of the witness is no URL")]
    Url(#[source] uri::InvalidUri),
    #[error(transparent)]
    Egress(#[from] EgressError),
}

impl Cosigner for Egress {
    fn add_checkpoint<'a>(
        &'a self,
        url: &'a str,
        body: String,
    ) -> BoxFuture<'a, Result<Reply, CallError>> {
        Box::pin(async move {
            let url = format!("{}/add-checkpoint", url.trim_end_matches('/'));
            let mut request = Request::new(body.into_bytes());
            *request.method_mut() = Method::POST;
            *request.uri_mut() = url.parse::<Uri>().map_err(CallError::Url)?;
            let answer = self.send(request).await?;
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            Ok(Reply { status: answer.status.as_u16(), body })
        })
    }
}
