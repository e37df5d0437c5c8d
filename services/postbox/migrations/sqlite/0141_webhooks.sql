-- Addresses to which the events of a sender are brought, in order.
CREATE TABLE webhooks (
    id BLOB NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL,
    tenant TEXT NOT NULL,
    topic TEXT NOT NULL,
    -- Addresses may hold a secret.
    sealed_url BLOB NOT NULL,
    -- Of the last event that was taken or given up.
    position INTEGER NOT NULL,
    -- Failed ones, for the event after it.
    attempts INTEGER NOT NULL DEFAULT 0,
    last_failure TEXT NOT NULL DEFAULT '',
    due_at_us INTEGER NOT NULL,
    -- Who delivers here, one at a time among all replicas, and until when nobody else does.
    holder TEXT NOT NULL DEFAULT '',
    claimed_until_us INTEGER NOT NULL DEFAULT 0,
    created_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX webhooks_by_sender ON webhooks (client_id, tenant, created_at_us);

-- Events that an address did not take.
CREATE TABLE webhook_dead_letters (
    webhook_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    given_up_at_us INTEGER NOT NULL,
    last_failure TEXT NOT NULL,
    -- Of the redelivery that was asked for; absent when none was.
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at_us INTEGER,
    PRIMARY KEY (webhook_id, position)
) STRICT;
CREATE INDEX webhook_dead_letters_due ON webhook_dead_letters (webhook_id, due_at_us) WHERE due_at_us IS NOT NULL;
