//! What a request can name.

fn none(prefix: &str) -> String {
    format!("{prefix}_{}", "0".repeat(32))
}

siegel_walk::things! {
    /// Names of things that somebody has, or of none.
    pub struct Names {
        /// Empty for the caller's own mailbox.
        organisation: none("org"),
        /// Of that organisation; empty for its central mailbox.
        mailbox: none("omb"),
        letter: none("ltr"),
        attachment: none("att"),
        handle: none("hdl"),
        /// Client id of a sender.
        sender: "nobody",
        /// What the sender calls the case of the letter.
        case: "no case",
        /// Of the letter.
        receipt: none("rcp"),
        /// Another letter, opened and answered.
        answered: none("ltr"),
        /// To that letter.
        reply: none("rpl"),
        /// Attachment of that reply.
        reply_file: none("att"),
        /// Of whoever owns the mailbox.
        upload: none("upl"),
        /// Of the sender.
        sent_upload: none("upl"),
        /// What the sender calls a batch that is open.
        batch: "no batch",
        webhook: none("whk"),
        /// On the answered letter.
        hold: none("hld"),
        /// To release that hold.
        proposal: none("prp"),
        /// Of that proposal, in hex.
        digest: "0".repeat(64),
    }
    // Instead of an organisation, never beside one.
    alone {
        /// A represented person; empty for nobody.
        principal: none("acc"),
    }
}

impl Names {
    /// What no answer to anybody else may hold. Handles and senders are known to many.
    pub fn ids(&self) -> Vec<String> {
        let ids = [
            &self.letter,
            &self.attachment,
            &self.case,
            &self.receipt,
            &self.answered,
            &self.reply,
            &self.reply_file,
            &self.upload,
            &self.sent_upload,
            &self.batch,
            &self.webhook,
            &self.hold,
            &self.proposal,
        ];
        ids.map(Clone::clone).into()
    }
}
