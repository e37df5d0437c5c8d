-- A log-in on its way: deleted when its answer comes, or when it is too late.
CREATE TABLE login_attempts (
    -- SHA-256 of the `state` parameter.
    state_hash    BYTEA NOT NULL PRIMARY KEY,
    -- SHA-256 of the cookie of the browser that began it.
    browser_hash  BYTEA NOT NULL,
    -- Nonce, PKCE verifier, DPoP key, where to go afterwards; sealed.
    sealed        BYTEA NOT NULL,
    asked_level   BIGINT NOT NULL,
    expires_at_us BIGINT NOT NULL
);

CREATE INDEX login_attempts_by_expiry ON login_attempts (expires_at_us);

-- A signed-in browser.
CREATE TABLE browser_sessions (
    -- SHA-256 of the cookie.
    cookie_hash     BYTEA NOT NULL PRIMARY KEY,
    -- Refresh token, DPoP key, subject; sealed.
    sealed          BYTEA NOT NULL,
    -- What the pages call the person; sealed.
    sealed_name     BYTEA NOT NULL,
    -- Level of the log-in session at identity when it last told us.
    level           BIGINT NOT NULL,
    started_at_us   BIGINT NOT NULL,
    last_seen_at_us BIGINT NOT NULL,
    expires_at_us   BIGINT NOT NULL
);

CREATE INDEX browser_sessions_by_expiry ON browser_sessions (expires_at_us);
