-- Registered clients; `settings` is the registration as JSON.
CREATE TABLE clients (
    client_id TEXT NOT NULL PRIMARY KEY,
    settings JSONB NOT NULL,
    updated_at_us BIGINT NOT NULL
);

-- Authorization requests whose person is on the log-in pages.
CREATE TABLE interactions (
    id UUID NOT NULL PRIMARY KEY,
    request JSONB NOT NULL,
    session_id UUID,
    eid_session TEXT,
    browser BYTEA,
    created_at_us BIGINT NOT NULL,
    expires_at_us BIGINT NOT NULL
);
CREATE INDEX interactions_by_expiry ON interactions (expires_at_us);

-- Pushed authorization requests (RFC 9126); `handle` is the SHA-256 of the request URI.
CREATE TABLE pushed_requests (
    handle BYTEA NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL,
    parameters JSONB NOT NULL,
    used_at_us BIGINT,
    expires_at_us BIGINT NOT NULL
);
CREATE INDEX pushed_requests_by_expiry ON pushed_requests (expires_at_us);

-- Authorization codes; `code` is the SHA-256 of the code. Kept after use, so that a second use is
-- recognised and revokes what the first one issued.
CREATE TABLE codes (
    code BYTEA NOT NULL PRIMARY KEY,
    grant_id UUID NOT NULL,
    client_id TEXT NOT NULL,
    context JSONB NOT NULL,
    issued_at_us BIGINT NOT NULL,
    expires_at_us BIGINT NOT NULL,
    redeemed_at_us BIGINT
);
CREATE INDEX codes_by_expiry ON codes (expires_at_us);

-- What one client was granted by one person in one log-in, or by itself.
CREATE TABLE grants (
    id UUID NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    client_id TEXT NOT NULL,
    account_id UUID,
    session_id UUID,
    subject TEXT NOT NULL,
    context JSONB NOT NULL,
    created_at_us BIGINT NOT NULL,
    revoked_at_us BIGINT,
    expires_at_us BIGINT NOT NULL
);
CREATE INDEX grants_by_session ON grants (session_id);
CREATE INDEX grants_by_account ON grants (account_id);
CREATE INDEX grants_by_expiry ON grants (expires_at_us);

-- Refresh tokens; `token` is the SHA-256 of the token.
CREATE TABLE refresh_tokens (
    token BYTEA NOT NULL PRIMARY KEY,
    grant_id UUID NOT NULL,
    issued_at_us BIGINT NOT NULL,
    expires_at_us BIGINT NOT NULL,
    spent_at_us BIGINT
);
CREATE INDEX refresh_tokens_by_grant ON refresh_tokens (grant_id);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at_us);

-- Ids that may be seen once: of client assertions and of DPoP proofs, across replicas and restarts.
CREATE TABLE seen_ids (
    kind TEXT NOT NULL,
    digest BYTEA NOT NULL,
    expires_at_us BIGINT NOT NULL,
    PRIMARY KEY (kind, digest)
);
CREATE INDEX seen_ids_by_expiry ON seen_ids (expires_at_us);

-- Not-before of a subject or client: tokens issued before it do not hold.
CREATE TABLE revocations (
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    revoked_at_us BIGINT NOT NULL,
    PRIMARY KEY (kind, target)
);
