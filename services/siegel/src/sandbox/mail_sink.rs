use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use siegel_kernel::{Clock as _, SystemClock, Timestamp};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::SandboxError;

/// Mails kept; older ones are forgotten.
const KEEP: usize = 200;
/// Bytes of one mail.
const MAIL_MAX: usize = 1 << 20;
/// Bytes of one line; RFC 5321 §4.5.3.1.6 promises 1000, our own mailer may fold later.
const LINE_MAX: u64 = 8192;
const RECIPIENTS_MAX: usize = 100;
const CONNECTIONS_MAX: usize = 32;
/// RFC 5321 §4.5.3.2.7.
const IDLE: Duration = Duration::from_mins(5);

/// A mail as it arrived.
#[derive(Clone, Debug)]
pub struct SandboxMail {
    /// Counts from 1.
    pub id: u64,
    /// Envelope recipients.
    pub to: Vec<String>,
    pub received_at: Timestamp,
    /// Headers and body, dots unstuffed.
    pub raw: Vec<u8>,
}

/// An SMTP server on a loopback port of its own that delivers to nobody: the last mails are read
/// on `/sandbox/mail`. It stops when the last clone is dropped.
#[derive(Clone)]
pub struct SandboxMailSink {
    shared: Arc<Shared>,
    addr: SocketAddr,
    _listener: Arc<Listener>,
}

#[derive(Default)]
struct Kept {
    last: u64,
    mails: VecDeque<SandboxMail>,
}

#[derive(Default)]
struct Shared {
    mails: Mutex<Kept>,
}

struct Listener(JoinHandle<()>);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl SandboxMail {
    /// Whether it was sent to `address`; case does not matter.
    pub fn is_to(&self, address: &str) -> bool {
        self.to.iter().any(|to| to.eq_ignore_ascii_case(address))
    }
}

impl SandboxMailSink {
    /// Listens on a free port of 127.0.0.1.
    pub async fn start() -> Result<Self, SandboxError> {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(SandboxError::Listen)?;
        let addr = listener.local_addr().map_err(SandboxError::Listen)?;
        let shared = Arc::<Shared>::default();
        let task = tokio::spawn(accept(listener, shared.clone()));
        Ok(Self { shared, addr, _listener: Arc::new(Listener(task)) })
    }

    /// Where on 127.0.0.1 to send mails; plain SMTP, no log-in.
    pub fn port(&self) -> u16 {
        self.addr.port()
    }

    /// The mails that are kept, newest first.
    pub fn mails(&self) -> Vec<SandboxMail> {
        self.shared.lock().mails.iter().rev().cloned().collect()
    }

    pub fn mail(&self, id: u64) -> Option<SandboxMail> {
        self.shared.lock().mails.iter().find(|mail| mail.id == id).cloned()
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, to: Vec<String>, raw: Vec<u8>) {
        let received_at = SystemClock.now();
        let mut kept = self.lock();
        kept.last += 1;
        let id = kept.last;
        kept.mails.push_back(SandboxMail { id, to, received_at, raw });
        if kept.mails.len() > KEEP {
            kept.mails.pop_front();
        }
        drop(kept);
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let shared = shared.clone();
                tokio::spawn(async move {
                    // A client that breaks off has only itself to tell.
                    let _ = Session::new(stream, shared).run().await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the sandbox's mail sink could not accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// One SMTP conversation (RFC 5321).
struct Session {
    stream: BufReader<TcpStream>,
    shared: Arc<Shared>,
    sender: bool,
    to: Vec<String>,
}

impl Session {
    fn new(stream: TcpStream, shared: Arc<Shared>) -> Self {
        Self { stream: BufReader::new(stream), shared, sender: false, to: Vec::new() }
    }

    async fn run(mut self) -> io::Result<()> {
        self.say("220 sandbox mail sink").await?;
        while let Some(line) = self.line().await? {
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end();
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let reply = match verb.as_str() {
                "EHLO" => "250-sandbox\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 1048576",
                "HELO" | "NOOP" => "250 ok",
                "RSET" => {
                    self.reset();
                    "250 ok"
                }
                "MAIL" => {
                    self.reset();
                    self.sender = true;
                    "250 ok"
                }
                "RCPT" => self.recipient(line),
                "DATA" if self.to.is_empty() => "503 first MAIL and RCPT",
                "DATA" => {
                    self.say("354 end with a dot").await?;
                    let Some(mail) = self.data().await? else { return Ok(()) };
                    let to = std::mem::take(&mut self.to);
                    self.reset();
                    match mail {
                        Data::Whole(raw) => {
                            self.shared.keep(to, raw);
                            "250 kept"
                        }
                        Data::TooLarge => "552 too large",
                    }
                }
                "QUIT" => return self.say("221 bye").await,
                _ => "502 not here",
            };
            self.say(reply).await?;
        }
        Ok(())
    }

    fn reset(&mut self) {
        self.sender = false;
        self.to.clear();
    }

    fn recipient(&mut self, line: &str) -> &'static str {
        if !self.sender {
            return "503 first MAIL";
        }
        if self.to.len() == RECIPIENTS_MAX {
            return "452 too many recipients";
        }
        let Some((address, _)) = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'))
        else {
            return "501 no address";
        };
        self.to.push(address.to_owned());
        "250 ok"
    }

    /// The mail up to the lone dot; `None` when the client breaks off.
    async fn data(&mut self) -> io::Result<Option<Data>> {
        let mut mail = Vec::new();
        let mut fits = true;
        while let Some(line) = self.line().await? {
            if line == b".\r\n" || line == b".\n" {
                return Ok(Some(if fits { Data::Whole(mail) } else { Data::TooLarge }));
            }
            // RFC 5321 §4.5.2: a dot at the start of a line was doubled on the way.
            let line = line.strip_prefix(b".").unwrap_or(&line);
            fits = fits && mail.len() + line.len() <= MAIL_MAX;
            if fits {
                mail.extend_from_slice(line);
            }
        }
        Ok(None)
    }

    /// One line with its end; `None` at the end of the connection.
    async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let mut limited = (&mut self.stream).take(LINE_MAX);
        let read = limited.read_until(b'\n', &mut line);
        tokio::time::timeout(IDLE, read).await.map_err(|_| io::ErrorKind::TimedOut)??;
        if line.last() != Some(&b'\n') {
            if !line.is_empty() {
                self.say("500 line too long").await?;
            }
            return Ok(None);
        }
        Ok(Some(line))
    }

    async fn say(&mut self, reply: &str) -> io::Result<()> {
        self.stream.get_mut().write_all(format!("{reply}\r\n").as_bytes()).await
    }
}

enum Data {
    Whole(Vec<u8>),
    TooLarge,
}

#[cfg(test)]
#[path = "mail_sink_tests.rs"]
mod tests;
