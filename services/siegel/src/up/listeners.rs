use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::tls::{self, Door};

/// Bound addresses with one port.
pub struct Listeners {
    bound: Vec<TcpListener>,
    port: u16,
}

/// Listeners that serve.
pub struct Serving {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    end: watch::Sender<bool>,
}

impl Listeners {
    /// Binds these addresses, or loopback: a sandbox is for this machine. Port 0 takes a free one.
    pub async fn bind(port: u16, addresses: &[IpAddr]) -> anyhow::Result<Self> {
        if !addresses.is_empty() {
            return Self::exactly(port, addresses).await;
        }
        let mut loopback = Self::exactly(port, &[Ipv4Addr::LOCALHOST.into()]).await?;
        match TcpListener::bind((Ipv6Addr::LOCALHOST, loopback.port)).await {
            Ok(listener) => loopback.bound.push(listener),
            Err(e) if e.kind() == std::io::ErrorKind::AddrInUse => {
                return Err(e).with_context(|| taken(port));
            }
            Err(_) => {} // no IPv6 here
        }
        Ok(loopback)
    }

    async fn exactly(mut port: u16, addresses: &[IpAddr]) -> anyhow::Result<Self> {
        let mut bound = Vec::new();
        for address in addresses {
            let listener = TcpListener::bind((*address, port)).await;
            let listener = listener.with_context(|| taken(port))?;
            port = listener.local_addr()?.port();
            bound.push(listener);
        }
        Ok(Self { bound, port })
    }

    pub fn port(&self) -> u16 {
        self.port
    }
}

fn taken(port: u16) -> String {
    format!("cannot listen on port {port} (--port, --mtls-port take another)")
}

impl Serving {
    pub fn new() -> Self {
        Self {
            stop: watch::Sender::new(false),
            tasks: JoinSet::new(),
            end: watch::Sender::new(false),
        }
    }

    /// Serves a router, behind TLS when there is a door.
    pub fn add(&mut self, listeners: Listeners, router: &Router, door: Option<&Door>) {
        for listener in listeners.bound {
            let (router, door) = (router.clone(), door.cloned());
            let (end, mut stopped) = (self.end.clone(), self.stop.subscribe());
            self.tasks.spawn(async move {
                if let Some(door) = door {
                    tls::serve(listener, door, router, stopped).await;
                } else {
                    let until = async move {
                        let _ = stopped.wait_for(|stop| *stop).await;
                    };
                    let service = router.into_make_service_with_connect_info::<SocketAddr>();
                    let listener = tls::without_delay(listener);
                    let _ = axum::serve(listener, service).with_graceful_shutdown(until).await;
                }
                end.send_replace(true);
            });
        }
    }

    /// Something that goes on until everything stops.
    pub fn beside(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        let mut stopped = self.stop.subscribe();
        self.tasks.spawn(async move {
            tokio::select! {
                () = work => {}
                _ = stopped.wait_for(|stop| *stop) => {}
            }
        });
    }

    /// Returns when a listener has ended by itself.
    pub async fn ended(&self) {
        let _ = self.end.subscribe().wait_for(|ended| *ended).await;
    }

    /// Lets running requests finish for up to `grace`.
    pub async fn stop(mut self, grace: Duration) {
        self.stop.send_replace(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(grace, all).await;
    }
}
