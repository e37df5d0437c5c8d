-- The head of a mailbox after each letter that was provided to it: a commitment to all its letters.
-- Its leaf stands in `log_leaves` under the letter's id with the number 0.
CREATE TABLE mailbox_heads (
    mailbox_id UUID NOT NULL,
    -- The letter's place in the mailbox, from 1 without a gap.
    sequence BIGINT NOT NULL,
    letter_id UUID NOT NULL,
    -- The head before; empty for the first.
    previous BYTEA NOT NULL,
    content_digest BYTEA NOT NULL,
    -- SHA-256 of the token of the letter's entry `provided`.
    provided_digest BYTEA NOT NULL,
    head BYTEA NOT NULL,
    leaf_salt BYTEA NOT NULL,
    leaf BYTEA NOT NULL UNIQUE,
    recorded_at_us BIGINT NOT NULL,
    PRIMARY KEY (mailbox_id, sequence)
);
