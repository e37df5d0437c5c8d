//! What is known of the connection a request came on, beside what the request says: set by a layer
//! around the routers, read by the use cases that are about it.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::USER_AGENT;
use siegel_grpc::{ClientAddress, ClientCertificate};

use crate::domain::device;

tokio::task_local! {
    static CONNECTION: Connection;
}

/// The other end of a connection.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// What the client showed in the handshake (RFC 8705). Only a listener of ours puts it here;
    /// headers with certificates are worth nothing.
    pub certificate: Option<ClientCertificate>,
    /// Browser and operating system in a few words; empty when they cannot be told.
    pub device: String,
    /// Absent when it cannot be told, and for calls of this machine.
    pub address: Option<ClientAddress>,
}

/// Runs everything a request leads to with its connection at hand.
pub async fn known(request: Request, next: Next) -> Response {
    let agent = request.headers().get(USER_AGENT).and_then(|v| v.to_str().ok());
    let connection = Connection {
        certificate: request.extensions().get::<ClientCertificate>().cloned(),
        device: device::label(agent.unwrap_or_default()),
        address: request.extensions().get::<ClientAddress>().copied(),
    };
    CONNECTION.scope(connection, next.run(request)).await
}

/// The certificate of the request being answered.
pub fn certificate() -> Option<ClientCertificate> {
    CONNECTION.try_with(|connection| connection.certificate.clone()).ok().flatten()
}

/// The device of the request being answered.
pub fn device() -> String {
    CONNECTION.try_with(|connection| connection.device.clone()).unwrap_or_default()
}

/// The network that the request being answered comes from ([`ClientAddress::network`]).
pub fn network() -> Option<Vec<u8>> {
    CONNECTION.try_with(|connection| connection.address.map(ClientAddress::network)).ok().flatten()
}
