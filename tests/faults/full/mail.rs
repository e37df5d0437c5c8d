//! The mail server of a run: it can be away, or put everybody off.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Desk {
    Open,
    /// Takes no mail now (RFC 5321 §4.2: 451).
    Later,
    /// Connections end at once.
    Shut,
}

pub struct PostOffice {
    desk: watch::Sender<Desk>,
    port: u16,
    taken: Arc<Mutex<Vec<String>>>,
}

impl PostOffice {
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let (desk, watched) = watch::channel(Desk::Open);
        let taken: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = taken.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let session = Session {
                    stream: BufReader::new(stream),
                    desk: watched.clone(),
                    taken: kept.clone(),
                };
                // Whoever breaks off has only itself to tell.
                tokio::spawn(async move { drop(session.run().await) });
            }
        });
        Ok(Self { desk, port, taken })
    }

    /// The suite's settings for it.
    pub fn settings(&self) -> String {
        format!("[notification.smtp]\nport = {}\n", self.port)
    }

    pub fn set(&self, desk: Desk) {
        self.desk.send_replace(desk);
    }

    /// The `Message-ID` of every mail that was taken.
    pub fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One SMTP conversation (RFC 5321).
struct Session {
    stream: BufReader<TcpStream>,
    desk: watch::Receiver<Desk>,
    taken: Arc<Mutex<Vec<String>>>,
}

impl Session {
    async fn run(mut self) -> std::io::Result<()> {
        self.say("220 post office").await?;
        while let Some(line) = self.line().await? {
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let later = *self.desk.borrow() == Desk::Later;
            match verb.as_str() {
                "EHLO" => self.say("250-post office\r\n250-8BITMIME\r\n250 SMTPUTF8").await?,
                "MAIL" if later => self.say("451 come again").await?,
                "DATA" => {
                    self.say("354 go on").await?;
                    let Some(id) = self.mail().await? else { return Ok(()) };
                    self.taken.lock().unwrap_or_else(PoisonError::into_inner).push(id);
                    self.say("250 taken").await?;
                }
                "QUIT" => return self.say("221 bye").await,
                _ => self.say("250 ok").await?,
            }
        }
        Ok(())
    }

    /// Reads a mail to its lone dot; its `Message-ID`.
    async fn mail(&mut self) -> std::io::Result<Option<String>> {
        let mut id = String::new();
        while let Some(line) = self.line().await? {
            if line == "." {
                return Ok(Some(id));
            }
            if let Some(rest) = line.strip_prefix("Message-ID: ") {
                rest.clone_into(&mut id);
            }
        }
        Ok(None)
    }

    /// A line without its end; `None` when the connection ends, or the server is away.
    async fn line(&mut self) -> std::io::Result<Option<String>> {
        let mut line = Vec::new();
        tokio::select! {
            read = self.stream.read_until(b'\n', &mut line) => {
                if read? == 0 {
                    return Ok(None);
                }
            }
            _ = self.desk.wait_for(|desk| *desk == Desk::Shut) => return Ok(None),
        }
        Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()))
    }

    async fn say(&mut self, reply: &str) -> std::io::Result<()> {
        if *self.desk.borrow() == Desk::Shut {
            return Err(std::io::ErrorKind::ConnectionAborted.into());
        }
        self.stream.get_mut().write_all(format!("{reply}\r\n").as_bytes()).await
    }
}
