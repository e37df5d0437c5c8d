-- People: accounts, credentials, sessions, and what slows guessing down.

-- identity mints the id; `open` once the account service has it. The address is kept twice: as a
-- keyed hash to be looked up, and sealed to be mailed to.
CREATE TABLE accounts (
    id UUID NOT NULL PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('pending', 'open')),
    address_hash BYTEA NOT NULL UNIQUE,
    address_sealed BYTEA NOT NULL,
    locale TEXT NOT NULL,
    created_at_us BIGINT NOT NULL,
    opened_at_us BIGINT
);

-- A password (`secret`: PHC string) or a card (`card_hash`: keyed hash of its pseudonym;
-- `holder_hash`: of whose it is).
CREATE TABLE credentials (
    id UUID NOT NULL PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id),
    kind TEXT NOT NULL CHECK (kind IN ('password', 'eid')),
    secret TEXT,
    card_hash BYTEA UNIQUE,
    holder_hash BYTEA,
    level BIGINT NOT NULL,
    label TEXT NOT NULL,
    added_at_us BIGINT NOT NULL,
    last_used_at_us BIGINT
);
CREATE INDEX credentials_by_account ON credentials (account_id);
CREATE UNIQUE INDEX credentials_one_password ON credentials (account_id) WHERE kind = 'password';

-- A registration waiting for its code, one per interaction. Without `code_hash` the address has an
-- account already, and no code is right.
CREATE TABLE registrations (
    interaction_id UUID NOT NULL PRIMARY KEY,
    address_hash BYTEA NOT NULL,
    address_sealed BYTEA NOT NULL,
    password TEXT NOT NULL,
    code_hash BYTEA,
    tries BIGINT NOT NULL,
    locale TEXT NOT NULL,
    expires_at_us BIGINT NOT NULL
);
CREATE INDEX registrations_by_expiry ON registrations (expires_at_us);

CREATE TABLE throttle (
    scope TEXT NOT NULL,
    subject BYTEA NOT NULL,
    failures BIGINT NOT NULL,
    blocked_until_us BIGINT NOT NULL,
    counted_at_us BIGINT NOT NULL,
    PRIMARY KEY (scope, subject)
);
CREATE INDEX throttle_by_count ON throttle (counted_at_us);

-- `token_hash`: SHA-256 of the browser's cookie, new at every change of rights.
CREATE TABLE sessions (
    id UUID NOT NULL PRIMARY KEY,
    token_hash BYTEA NOT NULL UNIQUE,
    account_id UUID NOT NULL REFERENCES accounts (id),
    started_at_us BIGINT NOT NULL,
    last_seen_at_us BIGINT NOT NULL,
    ended_at_us BIGINT
);
CREATE INDEX sessions_by_account ON sessions (account_id);
CREATE INDEX sessions_by_start ON sessions (started_at_us);

-- The credentials used in a session. `level` falls when a proof ages.
CREATE TABLE session_proofs (
    session_id UUID NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    method TEXT NOT NULL,
    level BIGINT NOT NULL,
    proven_at_us BIGINT NOT NULL,
    PRIMARY KEY (session_id, method)
);

-- No single sign-on beyond the sectors this session logged in to.
CREATE TABLE session_sectors (
    session_id UUID NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    sector TEXT NOT NULL,
    entered_at_us BIGINT NOT NULL,
    PRIMARY KEY (session_id, sector)
);

-- Scopes a person allowed a client. Attributes are consented to in the account service.
CREATE TABLE scope_consents (
    account_id UUID NOT NULL REFERENCES accounts (id),
    client_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    given_at_us BIGINT NOT NULL,
    PRIMARY KEY (account_id, client_id, scope)
);

-- Which of the attributes a client asked for a person allowed, so that a voluntary one that was
-- declined is not asked for at every log-in. `asked`: hash of everything that was asked for.
CREATE TABLE consent_choices (
    account_id UUID NOT NULL REFERENCES accounts (id),
    client_id TEXT NOT NULL,
    asked BYTEA NOT NULL,
    allowed TEXT NOT NULL,
    given_at_us BIGINT NOT NULL,
    PRIMARY KEY (account_id, client_id, asked)
);
