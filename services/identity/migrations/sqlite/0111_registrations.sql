-- What a client that registered itself shows to change its registration: SHA-256, new at every
-- change (RFC 7592 §3).
ALTER TABLE clients ADD COLUMN management_token BLOB;

-- What somebody shows to register a client (RFC 7591 §1.2); `token` is the SHA-256 of the token.
CREATE TABLE initial_tokens (
    id BLOB NOT NULL PRIMARY KEY,
    token BLOB NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    uses_left INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    created_at_us INTEGER NOT NULL,
    expires_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX initial_tokens_by_expiry ON initial_tokens (expires_at_us);

-- Changes to clients that wait for a second operator; without `settings`, a removal.
CREATE TABLE client_proposals (
    client_id TEXT NOT NULL PRIMARY KEY,
    settings TEXT,
    proposed_by TEXT NOT NULL,
    proposed_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- People who were written down instead of registering (sandbox); `digest`: keyed hash of their
-- attributes, so that the same file changes nothing.
CREATE TABLE seeded_persons (
    account_id BLOB NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    digest BLOB NOT NULL
) STRICT, WITHOUT ROWID;
