//! The requests of S3 that `object_store` makes, on a directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use hyper::http::request::Parts;
use hyper::http::{Method, StatusCode, header};
use siegel_crypto::{SystemEntropy, b64, random_token, sha256};
use url::Url;

/// RFC 9110 §5.6.7; nobody asks when.
const MODIFIED: &str = "Thu, 01 Jan 2026 00:00:00 GMT";

type Answer = Response<Full<Bytes>>;

#[derive(Clone)]
pub struct Objects {
    kept: PathBuf,
    pending: PathBuf,
    rewritten: Arc<Mutex<Vec<String>>>,
}

impl Objects {
    pub fn new(dir: &Path, rewritten: Arc<Mutex<Vec<String>>>) -> Self {
        Self { kept: dir.join("objects"), pending: dir.join("pending"), rewritten }
    }

    pub fn answer(&self, head: &Parts, body: &[u8]) -> io::Result<Answer> {
        let url = Url::parse(&format!("http://store{}", head.uri)).map_err(io::Error::other)?;
        let asked = |name: &str| {
            url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let key = url.path().trim_start_matches('/').split_once('/').map_or("", |(_, key)| key);
        if key.split('/').any(|part| part == "..") {
            return Ok(empty(StatusCode::BAD_REQUEST));
        }
        let (upload, part) = (asked("uploadId"), asked("partNumber"));
        match (&head.method, upload) {
            (&Method::GET, _) if key.is_empty() => self.list(&asked("prefix").unwrap_or_default()),
            (&Method::GET | &Method::HEAD, _) => self.get(head, key),
            (&Method::PUT, Some(upload)) => {
                let part: u32 = part.and_then(|n| n.parse().ok()).unwrap_or(0);
                fs::write(self.part(&upload).join(format!("{part:06}")), body)?;
                Ok(tagged(StatusCode::OK, body))
            }
            (&Method::PUT, None) => self.put(key, body),
            (&Method::POST, None) if asked("delete").is_some() => Ok(self.delete_all(body)),
            (&Method::POST, None) => {
                let upload = fresh()?;
                fs::create_dir(self.part(&upload))?;
                let id = format!("<UploadId>{upload}</UploadId>");
                Ok(xml("InitiateMultipartUploadResult", &id))
            }
            (&Method::POST, Some(upload)) => self.complete(key, &upload),
            (&Method::DELETE, Some(upload)) => {
                let _ = fs::remove_dir_all(self.part(&upload));
                Ok(empty(StatusCode::NO_CONTENT))
            }
            (&Method::DELETE, None) => {
                let _ = fs::remove_file(self.kept.join(key));
                Ok(empty(StatusCode::NO_CONTENT))
            }
            _ => Ok(empty(StatusCode::METHOD_NOT_ALLOWED)),
        }
    }

    fn part(&self, upload: &str) -> PathBuf {
        self.pending.join(upload)
    }

    fn put(&self, key: &str, body: &[u8]) -> io::Result<Answer> {
        let file = self.kept.join(key);
        if key.starts_with("log/") && fs::read(&file).is_ok_and(|before| before != body) {
            let mut rewritten = self.rewritten.lock().unwrap_or_else(PoisonError::into_inner);
            rewritten.push(key.to_owned());
        }
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        // Visible whole or not at all.
        let draft = self.pending.join(fresh()?);
        fs::write(&draft, body)?;
        fs::rename(&draft, &file)?;
        Ok(tagged(StatusCode::OK, body))
    }

    fn complete(&self, key: &str, upload: &str) -> io::Result<Answer> {
        let folder = self.part(upload);
        let mut parts: Vec<PathBuf> =
            fs::read_dir(&folder)?.map(|part| Ok(part?.path())).collect::<io::Result<_>>()?;
        parts.sort();
        let mut whole = Vec::new();
        for part in parts {
            whole.extend(fs::read(part)?);
        }
        self.put(key, &whole)?;
        fs::remove_dir_all(folder)?;
        Ok(xml("CompleteMultipartUploadResult", &format!("<ETag>{}</ETag>", tag(&whole))))
    }

    fn get(&self, head: &Parts, key: &str) -> io::Result<Answer> {
        let Ok(whole) = fs::read(self.kept.join(key)) else {
            return Ok(empty(StatusCode::NOT_FOUND));
        };
        let range = head.headers.get(header::RANGE).and_then(|range| range.to_str().ok());
        let Some((first, last)) = range.and_then(|range| ends(range, whole.len())) else {
            return Ok(tagged_with(StatusCode::OK, &whole, whole.clone()));
        };
        let piece = whole.get(first..=last).unwrap_or_default().to_vec();
        let mut answer = tagged_with(StatusCode::PARTIAL_CONTENT, &whole, piece);
        let said = format!("bytes {first}-{last}/{}", whole.len());
        let said = said.parse().map_err(io::Error::other)?;
        answer.headers_mut().insert(header::CONTENT_RANGE, said);
        Ok(answer)
    }

    fn list(&self, prefix: &str) -> io::Result<Answer> {
        let mut keys = Vec::new();
        below(&self.kept, "", &mut keys)?;
        let found = keys.iter().filter(|(key, _)| key.starts_with(prefix)).map(|(key, size)| {
            format!(
                "<Contents><Key>{key}</Key><Size>{size}</Size><ETag>x</ETag>\
                 <LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
            )
        });
        let found: String = found.collect();
        Ok(xml("ListBucketResult", &format!("<IsTruncated>false</IsTruncated>{found}")))
    }

    fn delete_all(&self, body: &[u8]) -> Answer {
        let text = String::from_utf8_lossy(body);
        let keys = text.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next());
        let done = keys.map(|key| {
            let _ = fs::remove_file(self.kept.join(key));
            ["<Deleted><Key>", key, "</Key></Deleted>"].concat()
        });
        xml("DeleteResult", &done.collect::<String>())
    }
}

/// First and last byte of `bytes=1-5` or `bytes=1-`.
fn ends(range: &str, size: usize) -> Option<(usize, usize)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let first = first.parse().ok()?;
    let end = size.checked_sub(1)?;
    let last = if last.is_empty() { end } else { last.parse::<usize>().ok()?.min(end) };
    (first <= last).then_some((first, last))
}

/// Key and size of everything below a folder.
fn below(folder: &Path, key: &str, found: &mut Vec<(String, u64)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{key}{}", entry.file_name().to_string_lossy());
        // Somebody else may take it away meanwhile.
        let Ok(about) = entry.metadata() else { continue };
        if about.is_dir() {
            let _ = below(&entry.path(), &format!("{name}/"), found);
        } else {
            found.push((name, about.len()));
        }
    }
    Ok(())
}

/// A name that nothing has.
fn fresh() -> io::Result<String> {
    random_token(&SystemEntropy::new()).map_err(io::Error::other)
}

fn tag(content: &[u8]) -> String {
    b64::encode(sha256(content))
}

fn tagged(status: StatusCode, content: &[u8]) -> Answer {
    tagged_with(status, content, Vec::new())
}

/// An answer about an object, with these bytes of it.
fn tagged_with(status: StatusCode, content: &[u8], bytes: Vec<u8>) -> Answer {
    let mut answer = empty(status);
    if let Ok(tag) = format!("\"{}\"", tag(content)).parse() {
        answer.headers_mut().insert(header::ETAG, tag);
    }
    let modified = header::HeaderValue::from_static(MODIFIED);
    answer.headers_mut().insert(header::LAST_MODIFIED, modified);
    *answer.body_mut() = Full::new(bytes.into());
    answer
}

fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::new()));
    *answer.status_mut() = status;
    answer
}

fn xml(name: &str, inner: &str) -> Answer {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><{name}>{inner}</{name}>");
    Response::new(Full::new(text.into()))
}

/// What a store under load says.
pub fn refused() -> Answer {
    let mut answer = xml("Error", "<Code>SlowDown</Code><Message>Reduce your rate</Message>");
    *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    answer
}

pub fn failed(error: &io::Error) -> Answer {
    eprintln!("the object store of this run: {error}");
    empty(StatusCode::INTERNAL_SERVER_ERROR)
}
