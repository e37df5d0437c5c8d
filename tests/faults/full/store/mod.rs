//! An object store that speaks as much S3 as the postbox needs, on files, and that can be slow or
//! gone. What it is told to keep it keeps: it is not what is being tested.

mod objects;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::within;
use objects::Objects;

/// Longest wait of a request while the store is slow.
const WAIT: Duration = Duration::from_secs(4);
/// One request of so many is refused then, as a store under load does.
const REFUSED: u64 = 8;

/// How the store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Well,
    /// Every request waits, some are refused.
    Slow,
    /// Connections end without an answer.
    Gone,
}

pub struct Store {
    mood: watch::Sender<Mood>,
    dir: PathBuf,
    port: u16,
    rewritten: Arc<Mutex<Vec<String>>>,
}

impl Store {
    /// Keeps objects below `dir`.
    pub async fn start(dir: &Path) -> anyhow::Result<Self> {
        let dir = dir.join("store");
        std::fs::create_dir_all(dir.join("objects"))?;
        std::fs::create_dir_all(dir.join("pending"))?;
        for key in ["id", "secret"] {
            std::fs::write(dir.join(key), "siegel-test")?;
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let (mood, watched) = watch::channel(Mood::Well);
        let rewritten: Arc<Mutex<Vec<String>>> = Arc::default();
        let objects = Objects::new(&dir, rewritten.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, objects.clone(), watched.clone()));
            }
        });
        Ok(Self { mood, dir, port, rewritten })
    }

    /// The suite's settings for it.
    pub fn settings(&self) -> String {
        let (port, dir) = (self.port, self.dir.display());
        format!(
            "[postbox.object_store]\nkind = \"s3\"\nendpoint = \"http://127.0.0.1:{port}\"\n\
             region = \"eu-central-1\"\nbucket = \"siegel\"\n\
             access_key_id_file = \"{dir}/id\"\nsecret_access_key_file = \"{dir}/secret\"\n"
        )
    }

    pub fn set(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// Where the objects lie.
    pub fn objects(&self) -> PathBuf {
        self.dir.join("objects")
    }

    /// Files of the log that were written again with other bytes.
    pub fn rewritten(&self) -> Vec<String> {
        self.rewritten.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn serve(stream: TcpStream, objects: Objects, mood: watch::Receiver<Mood>) {
    let _ = stream.set_nodelay(true);
    let answering = service_fn(async |request| {
        let mood = *mood.borrow();
        answer(request, &objects, mood).await
    });
    let http = hyper::server::conn::http1::Builder::new();
    let _ = http.serve_connection(TokioIo::new(stream), answering).await;
}

/// Does what is asked; an error ends the connection.
async fn answer(
    request: Request<Incoming>,
    objects: &Objects,
    mood: Mood,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let (head, body) = request.into_parts();
    let gone = || std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    if mood == Mood::Gone {
        return Err(gone());
    }
    let body = body.collect().await.map_err(|_| gone())?.to_bytes();
    if mood == Mood::Slow {
        let wait = within(WAIT).map_err(|_| gone())?;
        tokio::time::sleep(wait).await;
        if wait.as_micros() % u128::from(REFUSED) == 0 {
            return Ok(objects::refused());
        }
    }
    let objects = objects.clone();
    let done = tokio::task::spawn_blocking(move || objects.answer(&head, &body));
    let done = done.await.map_err(|_| gone())?;
    Ok(done.unwrap_or_else(|error| objects::failed(&error)))
}
