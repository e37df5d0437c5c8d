//! A wire before the suite, or between it and PostgreSQL, that can be cut, led elsewhere, and on
//! which everything can stop.

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

pub struct Proxy {
    wire: watch::Sender<Wire>,
    leads_to: watch::Sender<String>,
    port: u16,
}

impl Proxy {
    /// A wire that leads nowhere yet.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let (wire, watched) = watch::channel(Wire::Whole);
        let (leads_to, server) = watch::channel(String::new());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = server.borrow().clone();
                tokio::spawn(carry(client, server, watched.clone()));
            }
        });
        Ok(Self { wire, leads_to, port })
    }

    /// Stands before the server of a database URL; the URL to use instead.
    pub async fn before(url: &str) -> anyhow::Result<(Self, String)> {
        let mut url: url::Url = url.parse()?;
        let host = url.host_str().context("the database has no host")?;
        let proxy = Self::start().await?;
        proxy.lead_to(format!("{host}:{}", url.port().unwrap_or(5432)));
        let (host, port) = (Some("127.0.0.1"), Some(proxy.port));
        let swapped = url.set_host(host).is_ok() && url.set_port(port).is_ok();
        anyhow::ensure!(swapped, "the database's URL has no place for a port");
        Ok((proxy, url.into()))
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where connections lead that are made from now on.
    pub fn lead_to(&self, server: String) {
        self.leads_to.send_replace(server);
    }

    /// Leads somewhere else; whoever is connected has to come again.
    pub fn turn_to(&self, server: String) {
        self.set(Wire::Cut);
        self.lead_to(server);
        self.set(Wire::Whole);
    }

    pub fn set(&self, wire: Wire) {
        self.wire.send_replace(wire);
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
