//! A wire between the suite and PostgreSQL that can be cut, and on which everything can stop.

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    Whole,
    /// Connections end, and new ones with them.
    Cut,
    /// Nothing moves, and nobody is told.
    Frozen,
}

pub struct Proxy(watch::Sender<Wire>);

impl Proxy {
    /// Stands before the server of a database URL; the URL to use instead.
    pub async fn before(url: &str) -> anyhow::Result<(Self, String)> {
        let mut url: url::Url = url.parse()?;
        let host = url.host_str().context("the database has no host")?;
        let server = format!("{host}:{}", url.port().unwrap_or(5432));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let swapped = url.set_host(Some("127.0.0.1")).is_ok() && url.set_port(Some(port)).is_ok();
        anyhow::ensure!(swapped, "the database's URL has no place for a port");
        let (state, watched) = watch::channel(Wire::Whole);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server.clone(), watched.clone()));
            }
        });
        Ok((Self(state), url.into()))
    }

    pub fn set(&self, wire: Wire) {
        self.0.send_replace(wire);
    }
}

async fn carry(client: TcpStream, server: String, mut wire: watch::Receiver<Wire>) {
    if *wire.borrow() == Wire::Cut {
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else { return };
    let (_, _) = (client.set_nodelay(true), server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) =
        (client.into_split(), server.into_split());
    tokio::select! {
        () = pump(from_client, to_server, wire.clone()) => {}
        () = pump(from_server, to_client, wire.clone()) => {}
        _ = wire.wait_for(|wire| *wire == Wire::Cut) => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut wire: watch::Receiver<Wire>) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(size @ 1..) = from.read(&mut buffer).await {
        let moves = wire.wait_for(|wire| *wire != Wire::Frozen).await.is_ok();
        let Some(bytes) = buffer.get(..size) else { return };
        if !moves || to.write_all(bytes).await.is_err() {
            return;
        }
    }
}
