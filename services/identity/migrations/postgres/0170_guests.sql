-- People who logged in once with their card, without an account. `card` is what the card said,
-- sealed; `level` falls when the log-in ages, `limits` are those of the tenant, as JSON. The row
-- goes with the session, and nothing else is kept of them. With `keep_for` the session has ended:
-- its person makes an account of it in that interaction; `keep_account` is the account made there.
CREATE TABLE guest_sessions (
    id UUID NOT NULL PRIMARY KEY,
    token_hash BYTEA UNIQUE,
    guest_id UUID NOT NULL,
    client_id TEXT NOT NULL,
    level BIGINT NOT NULL,
    limits JSONB NOT NULL,
    card BYTEA NOT NULL,
    keep_for UUID UNIQUE,
    keep_account UUID,
    started_at_us BIGINT NOT NULL,
    last_seen_at_us BIGINT NOT NULL,
    expires_at_us BIGINT NOT NULL
);
CREATE INDEX guest_sessions_by_expiry ON guest_sessions (expires_at_us);
