-- Two accounts of one person that become one. `code_hash`: SHA-256 of what the browser holds between
-- the two log-ins, for one use. Without `moved_at_us` nothing has happened to either account.
CREATE TABLE merges (
    id BLOB NOT NULL PRIMARY KEY,
    code_hash BLOB UNIQUE,
    into_account BLOB NOT NULL REFERENCES accounts (id),
    from_account BLOB REFERENCES accounts (id),
    begun_at_us INTEGER NOT NULL,
    expires_at_us INTEGER NOT NULL,
    confirmed_at_us INTEGER,
    moved_at_us INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX merges_into ON merges (into_account);
CREATE INDEX merges_from ON merges (from_account);
CREATE INDEX merges_by_expiry ON merges (expires_at_us) WHERE confirmed_at_us IS NULL;

-- As whom services knew an account that became part of this one.
CREATE TABLE merged_subjects (
    account_id BLOB NOT NULL REFERENCES accounts (id),
    sector TEXT NOT NULL,
    subject TEXT NOT NULL,
    merged_at_us INTEGER NOT NULL,
    PRIMARY KEY (account_id, sector, subject)
) STRICT, WITHOUT ROWID;
