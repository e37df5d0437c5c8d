//! Passwords known from leaks: a list in a file, or a service that is asked by the first five
//! digits of a hash, so that it learns nothing (k-anonymity).

use std::collections::HashSet;
use std::error::Error;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use siegel_crypto::sha1_for_lists;
use siegel_egress::Egress;

use crate::people_config::PeopleConfig;

/// Bytes of a plain list; a longer file must be one of hashes.
const LONGEST_PLAIN: u64 = 64 * 1024 * 1024;
/// Digits of a SHA-1.
const DIGITS: usize = 40;
/// Bytes within which a line of a list of hashes ends: hash, colon, count.
const LINE: usize = 64;

/// A list that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadList {
    #[error("people.breached_passwords_file: cannot read {0}")]
    File(String, #[source] std::io::Error),
    #[error("people.breached_passwords_file: {0} is neither sorted SHA-1 nor short enough")]
    TooLong(String),
}

#[derive(Clone, Debug)]
enum List {
    None,
    Plain(Arc<HashSet<String>>),
    /// Lines `SHA1[:count]`, sorted, as they are published.
    Hashes(PathBuf),
}

/// The lists.
#[derive(Clone, Debug)]
pub struct Breached {
    list: List,
    service: Option<(String, Egress)>,
}

impl Breached {
    pub fn new(settings: &PeopleConfig, egress: &Egress) -> Result<Self, BadList> {
        let list =
            settings.breached_passwords_file.as_deref().map_or(Ok(List::None), List::open)?;
        let url = settings.breached_passwords_url.as_ref();
        let service = url.map(|u| (u.trim_end_matches('/').to_owned(), egress.clone()));
        Ok(Self { list, service })
    }

    /// Whether the password is on a list. A list that cannot be read does not keep people out.
    pub async fn contains(&self, password: &SecretString) -> bool {
        let hash = hex(&sha1_for_lists(password.expose_secret().as_bytes()));
        let listed = match &self.list {
            List::None => false,
            List::Plain(words) => words.contains(&password.expose_secret().to_lowercase()),
            List::Hashes(file) => {
                let (file, hash) = (file.clone(), hash.clone());
                let found = tokio::task::spawn_blocking(move || search(&file, &hash)).await;
                match found {
                    Ok(Ok(found)) => found,
                    Ok(Err(error)) => {
                        tracing::error!(
                            error = &error as &dyn Error,
                            "the list of breached passwords cannot be read"
                        );
                        false
                    }
                    Err(_) => false,
                }
            }
        };
        listed || self.ask(&hash).await
    }

    async fn ask(&self, hash: &str) -> bool {
        let Some((url, egress)) = &self.service else { return false };
        let (Some(prefix), Some(rest)) = (hash.get(..5), hash.get(5..)) else { return false };
        match egress.get(&format!("{url}/{prefix}")).await {
            Ok(answer) if answer.status.is_success() => {
                let text = String::from_utf8_lossy(&answer.body);
                text.lines().any(|line| line.get(..rest.len()).is_some_and(|s| same(s, rest)))
            }
            Ok(answer) => {
                tracing::warn!(status = answer.status.as_u16(), "the breach service refused");
                false
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn Error, "the breach service did not answer");
                false
            }
        }
    }
}

impl List {
    fn open(file: &Path) -> Result<Self, BadList> {
        let name = || file.display().to_string();
        let failed = |e| BadList::File(name(), e);
        let opened = File::open(file).map_err(failed)?;
        let length = opened.metadata().map_err(failed)?.len();
        let mut reader = BufReader::new(opened);
        let mut first = Vec::new();
        reader.by_ref().take(LINE as u64).read_until(b'\n', &mut first).map_err(failed)?;
        let first = String::from_utf8_lossy(&first);
        if first.get(..DIGITS).is_some_and(|h| h.bytes().all(|b| b.is_ascii_hexdigit())) {
            return Ok(Self::Hashes(file.to_owned()));
        }
        if length > LONGEST_PLAIN {
            return Err(BadList::TooLong(name()));
        }
        let text = std::fs::read_to_string(file).map_err(failed)?;
        let words = text.lines().map(|l| l.trim_end().to_lowercase()).filter(|l| !l.is_empty());
        Ok(Self::Plain(Arc::new(words.collect())))
    }
}

/// Binary search for `hash` among the lines of a sorted file.
fn search(file: &Path, hash: &str) -> std::io::Result<bool> {
    let mut reader = BufReader::with_capacity(2 * LINE, File::open(file)?);
    let (mut low, mut high) = (0, reader.get_ref().metadata()?.len());
    // The first line that begins in `low..high`; once the range holds no beginning, it is not there.
    while low < high {
        let middle = low + (high - low) / 2;
        reader.seek(SeekFrom::Start(middle.saturating_sub(1)))?;
        let mut line = Vec::new();
        if middle > 0 {
            reader.read_until(b'\n', &mut line)?;
        }
        let start = middle.saturating_sub(1) + line.len() as u64;
        line.clear();
        reader.read_until(b'\n', &mut line)?;
        let text = String::from_utf8_lossy(&line);
        let Some(found) = text.get(..DIGITS).filter(|_| start < high) else {
            high = middle;
            continue;
        };
        match found.to_ascii_uppercase().as_str().cmp(hash) {
            std::cmp::Ordering::Equal => return Ok(true),
            std::cmp::Ordering::Less => low = start + line.len() as u64,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    Ok(false)
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// Upper case, as the lists are.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn of(text: &str) -> (tempfile::NamedTempFile, Breached) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let list = List::open(file.path()).unwrap();
        (file, Breached { list, service: None })
    }

    #[tokio::test]
    async fn a_plain_list_is_searched_without_regard_to_case() {
        let (_file, breached) = of("Sommerregen\r\nkaffeetasse\n");
        assert!(breached.contains(&"sommerRegen".into()).await);
        assert!(!breached.contains(&"winterregen".into()).await);
    }

    #[tokio::test]
    async fn every_line_of_a_sorted_list_of_hashes_is_found_and_nothing_else() {
        for lines in [1_u32, 2, 3, 50] {
            let word = |n: u32| format!("wort {n}");
            let mut hashes: Vec<String> = (0..lines)
                .map(|n| format!("{}:{}", hex(&sha1_for_lists(word(n).as_bytes())), n * 1_000))
                .collect();
            hashes.sort();
            let (_file, breached) = of(&(hashes.join("\r\n") + "\r\n"));
            assert!(matches!(breached.list, List::Hashes(_)));
            for n in 0..lines {
                assert!(breached.contains(&word(n).into()).await, "{n} of {lines}");
            }
            for n in lines..lines + 20 {
                assert!(!breached.contains(&word(n).into()).await, "{n} of {lines}");
            }
        }
    }
}
