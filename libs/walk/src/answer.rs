//! What callers are told, to compare.

use std::collections::BTreeMap;

use tonic::metadata::MetadataMap;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// Everything a caller can see of an answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub messages: Vec<Vec<u8>>,
    /// `None`: the call succeeded.
    pub status: Option<Told>,
}

impl Answer {
    pub(crate) fn refused(status: &Status) -> Self {
        Self { messages: Vec::new(), status: Some(Told::from(status)) }
    }

    pub fn holds(&self, text: &str) -> bool {
        let holds = |bytes: &[u8]| bytes.windows(text.len()).any(|w| w == text.as_bytes());
        let told = self.status.iter().map(|t| format!("{t:?}").into_bytes());
        self.messages.iter().cloned().chain(told).any(|bytes| holds(&bytes))
    }

    /// Forgets the id in a fact of a refusal, where it is one that was made for this very answer: its
    /// form stays, for comparison.
    pub fn forget_id(&mut self, fact: &str) {
        let fact = self.status.as_mut().and_then(|told| told.facts.get_mut(fact));
        let Some(value) = fact else { return };
        if let Some((prefix, digits)) = value.split_once('_') {
            *value = format!("{prefix}_{}", "*".repeat(digits.len()));
        }
    }

    /// Puts a text in the place of another of the same length.
    pub(crate) fn reword(&mut self, from: &str, to: &str) {
        if from.is_empty() || from == to || from.len() != to.len() {
            return;
        }
        for message in &mut self.messages {
            while let Some(at) = message.windows(from.len()).position(|w| w == from.as_bytes()) {
                message.splice(at..at + to.len(), to.bytes());
            }
        }
    }
}

/// A refusal.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    pub code: Code,
    pub reason: String,
    message: String,
    /// Facts in their order, and what is wrong with fields.
    facts: BTreeMap<String, String>,
    fields: String,
    /// Of the details as they were sent.
    size_bytes: usize,
    metadata: Vec<(String, String)>,
}

impl From<&Status> for Told {
    fn from(status: &Status) -> Self {
        let details = status.get_error_details();
        Self {
            code: status.code(),
            reason: siegel_grpc::reason(status).unwrap_or_default(),
            message: status.message().to_owned(),
            facts: details.error_info().map(|i| i.metadata.clone()).into_iter().flatten().collect(),
            fields: format!("{:?} {:?}", details.bad_request(), details.retry_info()),
            size_bytes: status.details().len(),
            metadata: metadata(status.metadata()),
        }
    }
}

/// All but what differs between any two answers.
fn metadata(map: &MetadataMap) -> Vec<(String, String)> {
    let headers = map.clone().into_headers();
    let own = headers.iter().filter(|(name, _)| !["dpop-nonce", "date"].contains(&name.as_str()));
    own.map(|(name, value)| (name.to_string(), format!("{value:?}"))).collect()
}
