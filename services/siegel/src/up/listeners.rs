use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Loopback only, both families: a sandbox is for this machine.
pub struct Listeners {
    v4: TcpListener,
    v6: Option<TcpListener>,
    port: u16,
}

/// Listeners that serve.
pub struct Serving {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    ended: watch::Receiver<bool>,
}

impl Listeners {
    /// Binds 127.0.0.1 and, where there is IPv6, `::1`. Port 0 takes a free one.
    pub async fn bind(port: u16) -> anyhow::Result<Self> {
        let taken = || format!("cannot listen on port {port} (--port takes another)");
        let v4 = TcpListener::bind(("127.0.0.1", port)).await.with_context(taken)?;
        let port = v4.local_addr()?.port();
        let v6 = match TcpListener::bind(("::1", port)).await {
            Ok(listener) => Some(listener),
            Err(e) if e.kind() == std::io::ErrorKind::AddrInUse => {
                return Err(e).with_context(taken);
            }
            Err(_) => None, // no IPv6 here
        };
        Ok(Self { v4, v6, port })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn serve(self, router: &Router) -> Serving {
        let (stop, stopped) = watch::channel(false);
        let (end, ended) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for listener in [Some(self.v4), self.v6].into_iter().flatten() {
            let (router, end, mut stopped) = (router.clone(), end.clone(), stopped.clone());
            tasks.spawn(async move {
                let until = async move {
                    let _ = stopped.wait_for(|stop| *stop).await;
                };
                let _ = axum::serve(listener, router).with_graceful_shutdown(until).await;
                let _ = end.send(true);
            });
        }
        Serving { stop, tasks, ended }
    }
}

impl Serving {
    /// Returns when a listener has ended by itself.
    pub async fn ended(&self) {
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
    }

    /// Lets running requests finish for up to `grace`.
    pub async fn stop(mut self, grace: Duration) {
        let _ = self.stop.send(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(grace, all).await;
    }
}
