-- Signed entries, the exact bytes; and the keys that signed them, which are never removed.
CREATE TABLE evidence (
    mailbox_id UUID NOT NULL,
    letter_id UUID NOT NULL,
    -- Place among the entries of the letter, from 1.
    number BIGINT NOT NULL,
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    jws TEXT NOT NULL,
    leaf_salt BYTEA NOT NULL,
    -- What stands for this entry in the public log: salted, nothing personal.
    leaf BYTEA NOT NULL,
    key_id TEXT NOT NULL,
    event_at_us BIGINT NOT NULL,
    recorded_at_us BIGINT NOT NULL,
    PRIMARY KEY (mailbox_id, letter_id, number)
);
-- All but downloads happen once per letter; a second one is a fault, not a row.
CREATE UNIQUE INDEX evidence_once ON evidence (mailbox_id, letter_id, kind)
    WHERE kind NOT IN ('downloaded', 'opened_by_delegate', 'reply_accepted');
-- One end per letter.
CREATE UNIQUE INDEX evidence_one_end ON evidence (mailbox_id, letter_id)
    WHERE kind IN ('confirmed', 'refused', 'deemed_announced', 'deemed_served', 'provision_ended',
        'expired_unread', 'recalled', 'undeliverable', 'rejected');

CREATE TABLE evidence_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    jwk TEXT NOT NULL,
    valid_from_us BIGINT NOT NULL,
    valid_to_us BIGINT
);
