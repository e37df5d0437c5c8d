//! The sender's stream, read on from the last cursor after every fault: each event comes once.

use std::time::Duration;

use siegel_e2e::journal::{Journal, Told};
use siegel_proto::postbox::v1 as pb;

use super::clients::Clients;

/// How long the stream may say nothing at first, and between messages.
const FIRST: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Default)]
pub struct Stream {
    cursor: String,
}

impl Stream {
    /// Reads what there is, and writes down a checkpoint of the log.
    pub async fn go_on(&mut self, clients: &Clients, journal: &Journal) -> anyhow::Result<()> {
        let request = pb::WatchEventsRequest { cursor: self.cursor.clone() };
        let mut stream = clients.sender.clone().watch_events(request).await?.into_inner();
        let mut patience = FIRST;
        while let Ok(message) = tokio::time::timeout(patience, stream.message()).await {
            let Some(message) = message? else { break };
            self.cursor = message.cursor;
            match message.event {
                Some(event) => {
                    let (letter, kind) = (event.letter_id, event.kind);
                    journal.note(&Told::Event { letter, kind })?;
                }
                None => patience = PAUSE,
            }
        }
        let note = reqwest::get(format!("{}/log/checkpoint", clients.origin)).await?;
        if note.status().is_success() {
            journal.note(&Told::Checkpoint { note: note.text().await? })?;
        }
        Ok(())
    }
}
