//! Rules. No database, no network.

pub mod action;
pub mod admin;
pub mod attachment;
pub mod batch;
pub mod canon;
pub mod case;
pub mod effect_text;
pub mod evidence_keys;
pub mod flags;
pub mod holidays;
pub mod html;
pub mod lane;
pub mod legal;
pub mod letter;
pub mod media;
pub mod opt_out;
pub mod owner_gone;
pub mod proof;
pub mod rejection;
pub mod reminder;
pub mod reply;
pub mod retention;
pub mod state;
pub mod upload;
pub mod words;

use siegel_kernel::typed_id;

typed_id! {
    /// A mailbox of one account or organisation.
    MailboxId = "mbx", random
}

typed_id! {
    /// What a sender holds instead of a name: different for every sector, revocable.
    HandleId = "hdl", random
}

typed_id! {
    /// A letter.
    LetterId = "ltr", random
}

typed_id! {
    /// An attachment of a letter.
    AttachmentId = "att", random
}

typed_id! {
    /// An address to which a sender's events are brought.
    WebhookId = "whk", random
}

typed_id! {
    /// What a recipient answered.
    ReplyId = "rpl", random
}

typed_id! {
    /// Letters that are delivered together.
    BatchId = "bat", random
}

typed_id! {
    /// A signed entry about a letter.
    ReceiptId = "rcp", random
}

typed_id! {
    /// An attachment whose bytes come before its letter.
    UploadId = "upl", random
}

typed_id! {
    /// A ban on deletion.
    HoldId = "hld", random
}

typed_id! {
    /// A change that waits for a second operator.
    ProposalId = "prp", random
}

typed_id! {
    /// A declared outage.
    OutageId = "otg", random
}
