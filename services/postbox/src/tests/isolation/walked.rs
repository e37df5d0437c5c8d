//! How the town is walked: what is asked, and what a refused call may leave.

use siegel_walk::{Answer, Asks, Call, Rows, Rpc, Stranger, Token, Walked, rows};

use super::calls::Names;
use super::town::Town;

/// RPCs that refuse a letter with a receipt for whoever sent it.
const REJECTING: [&str; 3] =
    ["SenderService/Submit", "SenderService/SubmitStream", "SenderService/Supersede"];

/// Where such a receipt stands.
const REJECTED: [&str; 6] =
    ["letters", "evidence", "log_leaves", "events", "sent_letters", "rejections"];

impl Asks for Town {
    async fn ask(&self, rpc: &Rpc, token: &Token, messages: Vec<Vec<u8>>) -> Answer {
        let mut answer = self.gate.call(rpc, token, messages).await;
        if REJECTING.iter().any(|name| rpc.full_name().ends_with(name)) {
            // Of the receipt that the refusal left: new ones each time.
            answer.forget_id("letter_id");
            answer.forget_id("receipt_id");
        }
        answer
    }
}

impl Walked<Names> for Town {
    async fn stored(&self) -> Rows {
        self.world.settle().await;
        rows(&self.world.db, &["audit"]).await
    }

    fn may_leave(&self, call: &Call<Names>, stranger: &Stranger<Names>, line: &str) -> bool {
        let added = |tables: &[&str]| tables.iter().any(|t| line.starts_with(&format!("+ {t}: ")));
        // A batch of their own, with a letter that was refused.
        if call.rpc == "SenderService/SubmitBatch" {
            return added(&["batches", "batch_letters"]);
        }
        let Token::Client { client_id, .. } = stranger.token else { return false };
        let theirs = !added(&["letters", "sent_letters", "rejections"]) || line.contains(client_id);
        REJECTING.contains(&call.rpc) && added(&REJECTED) && theirs
    }
}
