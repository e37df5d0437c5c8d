//! A mail server in a task: takes mails for nobody, or refuses them as it is told.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A mail as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Of the envelope.
    pub from: String,
    pub to: Vec<String>,
    pub raw: String,
}

impl Mail {
    /// A header's value; ours are never folded where tests look.
    pub fn header(&self, name: &str) -> Vec<&str> {
        let head = self.raw.split("\r\n\r\n").next().unwrap_or_default();
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }
}

#[derive(Default)]
struct Seen {
    mails: Vec<Mail>,
    /// Recipients that were named, taken or not.
    attempts: usize,
    connections: usize,
}

/// What is wrong with the server.
#[derive(Default)]
struct Faults {
    /// It hangs up on everybody.
    down: AtomicBool,
    /// So many mails are taken, and the connection ends before the answer.
    lost_answers: AtomicUsize,
}

#[derive(Clone)]
pub struct Server {
    pub port: u16,
    seen: Arc<watch::Sender<Seen>>,
    /// Answers to the next recipients; 250 when empty; `hang` is none at all.
    replies: Arc<Mutex<VecDeque<&'static str>>>,
    faults: Arc<Faults>,
    _task: Arc<Listener>,
}

struct Listener(JoinHandle<()>);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Server {
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (seen, replies) =
            (Arc::new(watch::Sender::new(Seen::default())), Arc::<Mutex<VecDeque<_>>>::default());
        let faults = Arc::<Faults>::default();
        let (to_seen, to_replies, to_faults) = (seen.clone(), replies.clone(), faults.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if to_faults.down.load(SeqCst) {
                    continue;
                }
                to_seen.send_modify(|seen| seen.connections += 1);
                let faults = to_faults.clone();
                tokio::spawn(converse(stream, to_seen.clone(), to_replies.clone(), faults));
            }
        });
        Self { port, seen, replies, faults, _task: Arc::new(Listener(task)) }
    }

    /// The next recipients are answered like this.
    pub fn answer(&self, replies: &[&'static str]) {
        self.replies.lock().unwrap().extend(replies);
    }

    /// Hangs up on everybody from now on, or no longer. Connections that are open stay.
    pub fn take_down(&self, down: bool) {
        self.faults.down.store(down, SeqCst);
    }

    /// Takes so many mails without saying so.
    pub fn lose_answers(&self, count: usize) {
        self.faults.lost_answers.store(count, SeqCst);
    }

    /// How many were opened.
    pub fn connections(&self) -> usize {
        self.seen.borrow().connections
    }

    pub async fn mails(&self, count: usize) -> Vec<Mail> {
        let mut seen = self.seen.subscribe();
        let waiting = seen.wait_for(|seen| seen.mails.len() >= count);
        tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap().unwrap().mails.clone()
    }

    pub async fn mail(&self) -> Mail {
        self.mails(1).await.into_iter().next().unwrap()
    }

    pub fn attempts(&self) -> usize {
        self.seen.borrow().attempts
    }
}

async fn converse(
    stream: TcpStream,
    seen: Arc<watch::Sender<Seen>>,
    replies: Arc<Mutex<VecDeque<&'static str>>>,
    faults: Arc<Faults>,
) -> Option<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut mail = Mail { from: String::new(), to: Vec::new(), raw: String::new() };
    write.write_all(b"220 sink\r\n").await.ok()?;
    while let Some(line) = lines.next_line().await.ok()? {
        let address = |line: &str| {
            let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
            inside.map(|(address, _)| address.to_owned()).unwrap_or_default()
        };
        let answer = match line.get(..4).unwrap_or(&line).to_ascii_uppercase().as_str() {
            "MAIL" => {
                mail = Mail { from: address(&line), to: Vec::new(), raw: String::new() };
                "250 ok"
            }
            "RCPT" => {
                seen.send_modify(|seen| seen.attempts += 1);
                mail.to.push(address(&line));
                let answer = replies.lock().unwrap().pop_front().unwrap_or("250 ok");
                if answer == "hang" {
                    std::future::pending::<()>().await;
                }
                answer
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await.ok()?;
                loop {
                    let line = lines.next_line().await.ok()??;
                    if line == "." {
                        break;
                    }
                    mail.raw.push_str(line.strip_prefix('.').unwrap_or(&line));
                    mail.raw.push_str("\r\n");
                }
                seen.send_modify(|seen| seen.mails.push(mail.clone()));
                let less = |lost: usize| lost.checked_sub(1);
                if faults.lost_answers.fetch_update(SeqCst, SeqCst, less).is_ok() {
                    return None;
                }
                "250 taken"
            }
            "QUIT" => "221 bye",
            _ => "250 sink",
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
    Some(())
}
