//! A port on loopback that no call to an address others named may reach.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::TcpListener;

/// Counts who knocks, and answers nobody.
pub struct Inside {
    pub port: u16,
    knocks: Arc<AtomicUsize>,
}

impl Inside {
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let knocks = Arc::new(AtomicUsize::new(0));
        let counted = knocks.clone();
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        Ok(Self { port, knocks })
    }

    /// How many connections came so far.
    pub fn knocks(&self) -> usize {
        self.knocks.load(Ordering::Relaxed)
    }

    /// Ways to write an address that leads inside.
    pub fn addresses(&self) -> Vec<String> {
        let port = self.port;
        [
            "localhost",
            "LOCALHOST.",
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "0.0.0.0",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[64:ff9b::7f00:1]",
        ]
        .iter()
        .map(|host| format!("https://{host}:{port}/x"))
        .chain([
            format!("http://localhost:{port}/x"),
            format!("https://user@localhost:{port}/x"),
            "https://169.254.169.254/latest/meta-data".to_owned(),
            "https://[::ffff:169.254.169.254]/x".to_owned(),
            "https://[fe80::1]/x".to_owned(),
            "https://10.0.0.1/x".to_owned(),
            "https://192.168.0.1/x".to_owned(),
            "file:///etc/passwd".to_owned(),
        ])
        .collect()
    }
}
