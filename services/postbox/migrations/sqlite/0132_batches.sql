-- Letters that are delivered together or not at all. Until then they stand in `letters` in the state
-- `staged`: without a place in a mailbox, evidence or an entry in their sender's book.
CREATE TABLE batches (
    id BLOB NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL,
    tenant TEXT NOT NULL,
    -- Actor of the audit trail.
    caller TEXT NOT NULL,
    -- What the sender calls it.
    request_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'committed', 'delivered', 'cancelled')),
    opened_at_us INTEGER NOT NULL,
    expires_at_us INTEGER NOT NULL,
    -- When there is something to do with it: end of its time, delivery, removal; absent when done.
    due_at_us INTEGER,
    -- Places ever given to its letters.
    places INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    UNIQUE (client_id, tenant, request_id)
) STRICT;
CREATE INDEX batches_due ON batches (due_at_us) WHERE due_at_us IS NOT NULL;

CREATE TABLE batch_letters (
    batch_id BLOB NOT NULL,
    -- Place in the batch, from 1.
    number INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    -- SHA-256 of the canonical request.
    digest BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'refused', 'delivered', 'removed')),
    -- Present unless refused.
    mailbox_id BLOB,
    letter_id BLOB,
    case_tag BLOB,
    reason TEXT NOT NULL,
    PRIMARY KEY (batch_id, number),
    UNIQUE (batch_id, request_id)
) STRICT;
CREATE INDEX batch_letters_waiting ON batch_letters (batch_id, number) WHERE state = 'waiting';
