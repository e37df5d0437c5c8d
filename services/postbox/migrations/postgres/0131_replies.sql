-- What recipients answer. Text, file names and types stand here sealed only, under a key of the
-- reply's own.
CREATE TABLE replies (
    mailbox_id UUID NOT NULL,
    letter_id UUID NOT NULL,
    -- Place among the replies to the letter, from 1.
    number BIGINT NOT NULL,
    id UUID NOT NULL,
    wrapped_key BYTEA NOT NULL,
    sealed_content BYTEA NOT NULL,
    attachment_count BIGINT NOT NULL,
    late BOOLEAN NOT NULL,
    submitted_at_us BIGINT NOT NULL,
    -- Place of its entry `reply_accepted` among those of the letter.
    evidence_number BIGINT NOT NULL,
    PRIMARY KEY (mailbox_id, letter_id, number)
);
CREATE UNIQUE INDEX replies_by_id ON replies (mailbox_id, letter_id, id);

CREATE TABLE reply_attachments (
    mailbox_id UUID NOT NULL,
    letter_id UUID NOT NULL,
    reply_id UUID NOT NULL,
    id UUID NOT NULL,
    -- Place in the reply, from 0.
    number BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    object_key TEXT NOT NULL,
    wrapped_key BYTEA NOT NULL,
    PRIMARY KEY (mailbox_id, letter_id, reply_id, id)
);
