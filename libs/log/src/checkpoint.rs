use siegel_crypto::b64_padded;

use crate::hash::Hash;
use crate::note::{BadNote, NoteSigner, NoteVerifier, SignedNote, valid_key_name};

/// The head of a log (C2SP `tlog-checkpoint`): how many leaves, and the root over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name, also that of its key: `postfach.example/log`.
    pub origin: String,
    pub size: u64,
    pub root: Hash,
}

/// A note that is no checkpoint of the log asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCheckpoint {
    #[error(transparent)]
    Note(#[from] BadNote),
    #[error("the note is not the head of a log")]
    Malformed,
    #[error("the checkpoint is another log's")]
    OtherLog,
}

impl Checkpoint {
    /// The text under which the signatures stand.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, b64_padded::encode(self.root))
    }

    /// Reads the text of a note. Lines behind the third are extensions, which mean nothing here.
    pub fn from_text(text: &str) -> Result<Self, BadCheckpoint> {
        let mut lines = text.strip_suffix('\n').ok_or(BadCheckpoint::Malformed)?.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(BadCheckpoint::Malformed);
        };
        let decimal = size.bytes().all(|b| b.is_ascii_digit())
            && (size == "0" || !size.starts_with('0'))
            && lines.all(|line| !line.is_empty());
        let size = size.parse().ok().filter(|_| decimal).ok_or(BadCheckpoint::Malformed)?;
        let root = b64_padded::decode(root).and_then(|r| r.try_into().ok());
        let root = root.filter(|_| valid_key_name(origin)).ok_or(BadCheckpoint::Malformed)?;
        Ok(Self { origin: origin.to_owned(), size, root })
    }

    /// Signs the head in the name of the log.
    pub fn sign(&self, signer: &NoteSigner) -> Result<SignedNote, BadCheckpoint> {
        if signer.verifier().name() != self.origin {
            return Err(BadCheckpoint::OtherLog);
        }
        Ok(signer.sign(&self.text())?)
    }

    /// Reads a signed checkpoint of the log with this key, whose name is the log's origin.
    pub fn open(note: &str, log: &NoteVerifier) -> Result<Self, BadCheckpoint> {
        let note = SignedNote::parse(note)?;
        let head = Self::from_text(log.verify(&note)?)?;
        if head.origin == log.name() { Ok(head) } else { Err(BadCheckpoint::OtherLog) }
    }
}
