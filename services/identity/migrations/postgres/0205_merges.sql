-- Two accounts of one person that become one. `code_hash`: SHA-256 of what the browser holds between
-- the two log-ins, for one use. Without `moved_at_us` nothing has happened to either account.
CREATE TABLE merges (
    id UUID NOT NULL PRIMARY KEY,
    code_hash BYTEA UNIQUE,
    into_account UUID NOT NULL REFERENCES accounts (id),
    from_account UUID REFERENCES accounts (id),
    begun_at_us BIGINT NOT NULL,
    expires_at_us BIGINT NOT NULL,
    confirmed_at_us BIGINT,
    moved_at_us BIGINT
);
CREATE INDEX merges_into ON merges (into_account);
CREATE INDEX merges_from ON merges (from_account);
CREATE INDEX merges_by_expiry ON merges (expires_at_us) WHERE confirmed_at_us IS NULL;

-- As whom services knew an account that became part of this one.
CREATE TABLE merged_subjects (
    account_id UUID NOT NULL REFERENCES accounts (id),
    sector TEXT NOT NULL,
    subject TEXT NOT NULL,
    merged_at_us BIGINT NOT NULL,
    PRIMARY KEY (account_id, sector, subject)
);
