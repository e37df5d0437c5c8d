-- Signed entries, the exact bytes; and the keys that signed them, which are never removed.
CREATE TABLE evidence (
    mailbox_id BLOB NOT NULL,
    letter_id BLOB NOT NULL,
    -- Place among the entries of the letter, from 1.
    number INTEGER NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    jws TEXT NOT NULL,
    leaf_salt BLOB NOT NULL,
    -- What stands for this entry in the public log: salted, nothing personal.
    leaf BLOB NOT NULL,
    key_id TEXT NOT NULL,
    event_at_us INTEGER NOT NULL,
    recorded_at_us INTEGER NOT NULL,
    PRIMARY KEY (mailbox_id, letter_id, number)
) STRICT;
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
    valid_from_us INTEGER NOT NULL,
    valid_to_us INTEGER
) STRICT;
