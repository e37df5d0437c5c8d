-- The head of a mailbox after each letter that was provided to it: a commitment to all its letters.
-- Its leaf stands in `log_leaves` under the letter's id with the number 0.
CREATE TABLE mailbox_heads (
    mailbox_id BLOB NOT NULL,
    -- The letter's place in the mailbox, from 1 without a gap.
    sequence INTEGER NOT NULL,
    letter_id BLOB NOT NULL,
    -- The head before; empty for the first.
    previous BLOB NOT NULL,
    content_digest BLOB NOT NULL,
    -- SHA-256 of the token of the letter's entry `provided`.
    provided_digest BLOB NOT NULL,
    head BLOB NOT NULL,
    leaf_salt BLOB NOT NULL,
    leaf BLOB NOT NULL UNIQUE,
    recorded_at_us INTEGER NOT NULL,
    PRIMARY KEY (mailbox_id, sequence)
) STRICT;
