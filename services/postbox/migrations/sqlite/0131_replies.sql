-- What recipients answer. Text, file names and types stand here sealed only, under a key of the
-- reply's own.
CREATE TABLE replies (
    mailbox_id BLOB NOT NULL,
    letter_id BLOB NOT NULL,
    -- Place among the replies to the letter, from 1.
    number INTEGER NOT NULL,
    id BLOB NOT NULL,
    wrapped_key BLOB NOT NULL,
    sealed_content BLOB NOT NULL,
    attachment_count INTEGER NOT NULL,
    late INTEGER NOT NULL,
    submitted_at_us INTEGER NOT NULL,
    -- Place of its entry `reply_accepted` among those of the letter.
    evidence_number INTEGER NOT NULL,
    PRIMARY KEY (mailbox_id, letter_id, number)
) STRICT;
CREATE UNIQUE INDEX replies_by_id ON replies (mailbox_id, letter_id, id);

CREATE TABLE reply_attachments (
    mailbox_id BLOB NOT NULL,
    letter_id BLOB NOT NULL,
    reply_id BLOB NOT NULL,
    id BLOB NOT NULL,
    -- Place in the reply, from 0.
    number INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    object_key TEXT NOT NULL,
    wrapped_key BLOB NOT NULL,
    PRIMARY KEY (mailbox_id, letter_id, reply_id, id)
) STRICT;
