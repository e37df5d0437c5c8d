//! Listeners without TLS, on loopback or behind an ingress.

use axum::serve::{ListenerExt as _, TapIo};
use tokio::net::{TcpListener, TcpStream};

/// Connections that send at once. A gRPC answer is three small writes; held back until the caller
/// has confirmed the first (Nagle's algorithm), each call takes 40 ms longer.
pub fn without_delay(listener: TcpListener) -> TapIo<TcpListener, fn(&mut TcpStream)> {
    listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    })
}
