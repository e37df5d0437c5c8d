-- The public log: one leaf for each entry of `evidence`, written with it, numbered afterwards.
CREATE TABLE log_leaves (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    mailbox_id BLOB NOT NULL,
    letter_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    leaf BLOB NOT NULL UNIQUE,
    -- Place in the log, from 0 without a gap; given once by the sequencer.
    log_index INTEGER UNIQUE
) STRICT;
CREATE INDEX log_leaves_waiting ON log_leaves (id) WHERE log_index IS NULL;

-- One row: how far the log is.
CREATE TABLE log_head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- Name and public key; kept from the log's first start on.
    verifier_key TEXT NOT NULL,
    -- Leaves that have a place.
    assigned INTEGER NOT NULL,
    -- Leaves under the newest checkpoint.
    published INTEGER NOT NULL,
    -- What appending to the tree needs.
    edge BLOB NOT NULL
) STRICT;
INSERT INTO log_head (id, verifier_key, assigned, published, edge) VALUES (1, '', 0, 0, x'');

-- Every checkpoint that was ever signed.
CREATE TABLE log_checkpoints (
    size INTEGER PRIMARY KEY,
    root BLOB NOT NULL,
    note TEXT NOT NULL,
    signed_at_us INTEGER NOT NULL
) STRICT;

INSERT INTO log_leaves (mailbox_id, letter_id, number, leaf)
    SELECT mailbox_id, letter_id, number, leaf FROM evidence
    ORDER BY recorded_at_us, mailbox_id, letter_id, number;
