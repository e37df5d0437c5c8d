-- Mailboxes, the handles under which senders reach them, and the registered senders.
CREATE TABLE mailboxes (
    id BLOB NOT NULL PRIMARY KEY,
    owner_kind TEXT NOT NULL CHECK (owner_kind IN ('account', 'organisation')),
    owner BLOB NOT NULL,
    wrapped_key BLOB NOT NULL,
    -- Number of letters ever provided: the gap-free sequence's last value.
    letters INTEGER NOT NULL DEFAULT 0,
    unread INTEGER NOT NULL DEFAULT 0,
    created_at_us INTEGER NOT NULL,
    UNIQUE (owner_kind, owner)
) STRICT;

CREATE TABLE handles (
    id BLOB NOT NULL PRIMARY KEY,
    mailbox_id BLOB NOT NULL,
    sector TEXT NOT NULL,
    created_at_us INTEGER NOT NULL,
    revoked_at_us INTEGER
) STRICT;
CREATE UNIQUE INDEX handles_in_use ON handles (mailbox_id, sector) WHERE revoked_at_us IS NULL;

CREATE TABLE senders (
    client_id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    sector TEXT NOT NULL,
    authority TEXT NOT NULL,
    ars TEXT NOT NULL,
    service_id TEXT NOT NULL,
    registered_at_us INTEGER NOT NULL,
    removed_at_us INTEGER
) STRICT;
