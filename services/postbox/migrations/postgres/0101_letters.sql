-- Letters and their attachments. Every key begins with the mailbox, so that the tables can be
-- partitioned by it. Subject, texts, references and file names stand here sealed only.
CREATE TABLE letters (
    mailbox_id UUID NOT NULL,
    id UUID NOT NULL,
    -- Place among the letters provided to this mailbox, from 1; absent while scheduled.
    sequence BIGINT,
    handle_id UUID NOT NULL,
    sector TEXT NOT NULL,
    client_id TEXT NOT NULL,
    tenant TEXT NOT NULL,
    authority TEXT NOT NULL,
    ars TEXT NOT NULL,
    service_id TEXT NOT NULL,
    state TEXT NOT NULL,
    -- The terminal event if nothing else happens until `terminal_by_us`.
    ending TEXT NOT NULL,
    delivery_type TEXT NOT NULL,
    importance BIGINT NOT NULL,
    required_level BIGINT NOT NULL,
    hide_preview BOOLEAN NOT NULL,
    lane TEXT NOT NULL,
    thread UUID,
    -- What the sender named, and the row of the rule table that was in force at provision.
    legal_basis TEXT,
    legal_rule TEXT,
    -- The latest result of the legal clock with its inputs, as it stands in receipts (JSON).
    legal_effect TEXT,
    announced_on TEXT,
    attachment_count BIGINT NOT NULL,
    content_digest BYTEA NOT NULL,
    -- 32 bytes each, in the letter's order.
    attachment_digests BYTEA NOT NULL,
    wrapped_key BYTEA NOT NULL,
    sealed_head BYTEA NOT NULL,
    sealed_content BYTEA NOT NULL,
    commitment_salt BYTEA NOT NULL,
    accepted_at_us BIGINT NOT NULL,
    publish_at_us BIGINT,
    provided_at_us BIGINT,
    notified_at_us BIGINT,
    opened_at_us BIGINT,
    terminal_by_us BIGINT NOT NULL,
    -- When the sweeper has to look: publication or end; absent when nothing is left to do.
    due_at_us BIGINT,
    unread BOOLEAN NOT NULL,
    evidence_count BIGINT NOT NULL,
    last_evidence BYTEA,
    PRIMARY KEY (mailbox_id, id)
);
CREATE UNIQUE INDEX letters_by_sequence ON letters (mailbox_id, sequence);
CREATE INDEX letters_unread ON letters (mailbox_id, sequence) WHERE unread;
CREATE INDEX letters_important ON letters (mailbox_id, sequence) WHERE importance = 2;
CREATE INDEX letters_due ON letters (due_at_us) WHERE due_at_us IS NOT NULL;

CREATE TABLE sent_letters (
    client_id TEXT NOT NULL,
    letter_id UUID NOT NULL,
    mailbox_id UUID NOT NULL,
    request_id TEXT NOT NULL,
    accepted_at_us BIGINT NOT NULL,
    PRIMARY KEY (client_id, letter_id)
);

CREATE TABLE attachments (
    mailbox_id UUID NOT NULL,
    letter_id UUID NOT NULL,
    id UUID NOT NULL,
    -- Place in the letter, from 0.
    number BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    object_key TEXT NOT NULL,
    wrapped_key BYTEA NOT NULL,
    downloaded_at_us BIGINT,
    PRIMARY KEY (mailbox_id, letter_id, id)
);

-- Objects that no letter refers to yet. What stays here too long is removed with its object.
CREATE TABLE uploads (
    object_key TEXT NOT NULL PRIMARY KEY,
    started_at_us BIGINT NOT NULL
);
CREATE INDEX uploads_by_age ON uploads (started_at_us);
