//! What a request can name.

/// Names of things that somebody has, or of none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    pub request_id: String,
    /// Empty for the caller's own mailbox.
    pub organisation: String,
    /// Of that organisation; empty for its central mailbox.
    pub mailbox: String,
    /// A represented person; empty for nobody.
    pub principal: String,
    pub letter: String,
    pub attachment: String,
    pub handle: String,
    /// Client id of a sender.
    pub sender: String,
    /// What the sender calls the case of the letter.
    pub case: String,
    /// Of the letter.
    pub receipt: String,
    /// Another letter, opened and answered.
    pub answered: String,
    /// To that letter.
    pub reply: String,
    /// Attachment of that reply.
    pub reply_file: String,
    /// Of whoever owns the mailbox.
    pub upload: String,
    /// Of the sender.
    pub sent_upload: String,
    /// What the sender calls a batch that is open.
    pub batch: String,
    pub webhook: String,
    /// On the answered letter.
    pub hold: String,
    /// To release that hold.
    pub proposal: String,
    /// Of that proposal.
    pub digest: Vec<u8>,
}

/// A name that can be somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Organisation,
    Mailbox,
    Principal,
    Letter,
    Attachment,
    Handle,
    Sender,
    Case,
    Receipt,
    Answered,
    Reply,
    ReplyFile,
    Upload,
    SentUpload,
    Batch,
    Webhook,
    Hold,
    Proposal,
    All,
}

impl Names {
    pub const FIELDS: [Field; 19] = [
        Field::Organisation,
        Field::Mailbox,
        Field::Principal,
        Field::Letter,
        Field::Attachment,
        Field::Handle,
        Field::Sender,
        Field::Case,
        Field::Receipt,
        Field::Answered,
        Field::Reply,
        Field::ReplyFile,
        Field::Upload,
        Field::SentUpload,
        Field::Batch,
        Field::Webhook,
        Field::Hold,
        Field::Proposal,
        Field::All,
    ];

    /// Names of the right form that nothing has.
    pub fn missing() -> Self {
        let none = "0".repeat(32);
        Self {
            request_id: String::new(),
            organisation: format!("org_{none}"),
            mailbox: format!("omb_{none}"),
            principal: format!("acc_{none}"),
            letter: format!("ltr_{none}"),
            attachment: format!("att_{none}"),
            handle: format!("hdl_{none}"),
            sender: "nobody".into(),
            case: "no case".into(),
            receipt: format!("rcp_{none}"),
            answered: format!("ltr_{none}"),
            reply: format!("rpl_{none}"),
            reply_file: format!("att_{none}"),
            upload: format!("upl_{none}"),
            sent_upload: format!("upl_{none}"),
            batch: "no batch".into(),
            webhook: format!("whk_{none}"),
            hold: format!("hld_{none}"),
            proposal: format!("prp_{none}"),
            digest: vec![0; 32],
        }
    }

    /// These names with one of others.
    pub fn with(&self, field: Field, others: &Self) -> Self {
        let mut names = self.clone();
        let all = field == Field::All;
        for (this, own, other) in [
            (Field::Organisation, &mut names.organisation, &others.organisation),
            (Field::Mailbox, &mut names.mailbox, &others.mailbox),
            (Field::Letter, &mut names.letter, &others.letter),
            (Field::Attachment, &mut names.attachment, &others.attachment),
            (Field::Handle, &mut names.handle, &others.handle),
            (Field::Sender, &mut names.sender, &others.sender),
            (Field::Case, &mut names.case, &others.case),
            (Field::Receipt, &mut names.receipt, &others.receipt),
            (Field::Answered, &mut names.answered, &others.answered),
            (Field::Reply, &mut names.reply, &others.reply),
            (Field::ReplyFile, &mut names.reply_file, &others.reply_file),
            (Field::Upload, &mut names.upload, &others.upload),
            (Field::SentUpload, &mut names.sent_upload, &others.sent_upload),
            (Field::Batch, &mut names.batch, &others.batch),
            (Field::Webhook, &mut names.webhook, &others.webhook),
            (Field::Hold, &mut names.hold, &others.hold),
            (Field::Proposal, &mut names.proposal, &others.proposal),
        ] {
            if all || field == this {
                own.clone_from(other);
            }
        }
        // Instead of an organisation, never beside one.
        if field == Field::Principal {
            names.principal.clone_from(&others.principal);
        }
        if all || field == Field::Proposal {
            names.digest.clone_from(&others.digest);
        }
        names
    }

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
