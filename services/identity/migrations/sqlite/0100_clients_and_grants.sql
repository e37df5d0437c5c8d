-- Registered clients; `settings` is the registration as JSON.
CREATE TABLE clients (
    client_id TEXT NOT NULL PRIMARY KEY,
    settings TEXT NOT NULL,
    updated_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Authorization requests whose person is on the log-in pages.
CREATE TABLE interactions (
    id BLOB NOT NULL PRIMARY KEY,
    request TEXT NOT NULL,
    session_id BLOB,
    eid_session TEXT,
    browser BLOB,
    created_at_us INTEGER NOT NULL,
    expires_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX interactions_by_expiry ON interactions (expires_at_us);

-- Pushed authorization requests (RFC 9126); `handle` is the SHA-256 of the request URI.
CREATE TABLE pushed_requests (
    handle BLOB NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL,
    parameters TEXT NOT NULL,
    used_at_us INTEGER,
    expires_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX pushed_requests_by_expiry ON pushed_requests (expires_at_us);

-- Authorization codes; `code` is the SHA-256 of the code. Kept after use, so that a second use is
-- recognised and revokes what the first one issued.
CREATE TABLE codes (
    code BLOB NOT NULL PRIMARY KEY,
    grant_id BLOB NOT NULL,
    client_id TEXT NOT NULL,
    context TEXT NOT NULL,
    issued_at_us INTEGER NOT NULL,
    expires_at_us INTEGER NOT NULL,
    redeemed_at_us INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX codes_by_expiry ON codes (expires_at_us);

-- What one client was granted by one person in one log-in, or by itself.
CREATE TABLE grants (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    client_id TEXT NOT NULL,
    account_id BLOB,
    session_id BLOB,
    subject TEXT NOT NULL,
    context TEXT NOT NULL,
    created_at_us INTEGER NOT NULL,
    revoked_at_us INTEGER,
    expires_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_by_session ON grants (session_id);
CREATE INDEX grants_by_account ON grants (account_id);
CREATE INDEX grants_by_expiry ON grants (expires_at_us);

-- Refresh tokens; `token` is the SHA-256 of the token.
CREATE TABLE refresh_tokens (
    token BLOB NOT NULL PRIMARY KEY,
    grant_id BLOB NOT NULL,
    issued_at_us INTEGER NOT NULL,
    expires_at_us INTEGER NOT NULL,
    spent_at_us INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_by_grant ON refresh_tokens (grant_id);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at_us);

-- Ids that may be seen once: of client assertions and of DPoP proofs, across replicas and restarts.
CREATE TABLE seen_ids (
    kind TEXT NOT NULL,
    digest BLOB NOT NULL,
    expires_at_us INTEGER NOT NULL,
    PRIMARY KEY (kind, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX seen_ids_by_expiry ON seen_ids (expires_at_us);

-- Not-before of a subject or client: tokens issued before it do not hold.
CREATE TABLE revocations (
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    revoked_at_us INTEGER NOT NULL,
    PRIMARY KEY (kind, target)
) STRICT, WITHOUT ROWID;
