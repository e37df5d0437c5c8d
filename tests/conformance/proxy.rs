//! A proxy that gives every new connection to the next replica. TLS ends at the replicas.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

/// Forwards what arrives at `listener` to these ports in turn, until it is dropped.
pub fn round_robin(listener: TcpListener, ports: Vec<u16>) -> tokio::task::JoinHandle<()> {
    let turn = Arc::new(AtomicUsize::new(0));
    tokio::spawn(async move {
        while let Ok((mut inbound, _)) = listener.accept().await {
            let next = turn.fetch_add(1, Ordering::Relaxed);
            let Some(port) = ports.get(next % ports.len()).copied() else { return };
            tokio::spawn(async move {
                // A connection that breaks is the client's to notice.
                if let Ok(mut outbound) = TcpStream::connect(("127.0.0.1", port)).await {
                    let _ = copy_bidirectional(&mut inbound, &mut outbound).await;
                }
            });
        }
    })
}
