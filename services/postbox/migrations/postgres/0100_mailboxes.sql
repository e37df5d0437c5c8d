-- Mailboxes, the handles under which senders reach them, and the registered senders.
CREATE TABLE mailboxes (
    id UUID NOT NULL PRIMARY KEY,
    owner_kind TEXT NOT NULL CHECK (owner_kind IN ('account', 'organisation')),
    owner UUID NOT NULL,
    wrapped_key BYTEA NOT NULL,
    -- Number of letters ever provided: the gap-free sequence's last value.
    letters BIGINT NOT NULL DEFAULT 0,
    unread BIGINT NOT NULL DEFAULT 0,
    created_at_us BIGINT NOT NULL,
    UNIQUE (owner_kind, owner)
);

CREATE TABLE handles (
    id UUID NOT NULL PRIMARY KEY,
    mailbox_id UUID NOT NULL,
    sector TEXT NOT NULL,
    created_at_us BIGINT NOT NULL,
    revoked_at_us BIGINT
);
CREATE UNIQUE INDEX handles_in_use ON handles (mailbox_id, sector) WHERE revoked_at_us IS NULL;

CREATE TABLE senders (
    client_id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    sector TEXT NOT NULL,
    authority TEXT NOT NULL,
    ars TEXT NOT NULL,
    service_id TEXT NOT NULL,
    registered_at_us BIGINT NOT NULL,
    removed_at_us BIGINT
);
