-- Closed systems whose accounts were imported. `data_key` is wrapped by the key-encryption key; what
-- waits is sealed under it. Once nothing waits any more it is destroyed.
CREATE TABLE import_systems (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    data_key BYTEA,
    revision BIGINT NOT NULL
);

-- One row per file; `lines_read` is how far it came, so that it goes on there.
CREATE TABLE import_runs (
    id UUID NOT NULL PRIMARY KEY,
    system TEXT NOT NULL REFERENCES import_systems (id),
    file_digest BYTEA NOT NULL,
    operator TEXT NOT NULL,
    valid_until_us BIGINT NOT NULL,
    begun_at_us BIGINT NOT NULL,
    finished_at_us BIGINT,
    lines_read BIGINT NOT NULL,
    staged BIGINT NOT NULL,
    known BIGINT NOT NULL,
    bad BIGINT NOT NULL
);
CREATE UNIQUE INDEX import_runs_by_file ON import_runs (system, file_digest);

-- Lines that were left out, without their contents.
CREATE TABLE import_problems (
    run_id UUID NOT NULL REFERENCES import_runs (id),
    line BIGINT NOT NULL,
    reason TEXT NOT NULL,
    field TEXT NOT NULL,
    PRIMARY KEY (run_id, line)
);

-- Accounts that wait for their persons. The indexes are keyed hashes. What was claimed, declined,
-- deleted or ran out keeps `old_id_index` only, so that the same account is never staged twice.
CREATE TABLE imported_accounts (
    id UUID NOT NULL PRIMARY KEY,
    system TEXT NOT NULL REFERENCES import_systems (id),
    run_id UUID NOT NULL REFERENCES import_runs (id),
    line BIGINT NOT NULL,
    old_id_index BYTEA NOT NULL,
    email_index BYTEA,
    content_digest BYTEA,
    level BIGINT,
    payload BYTEA,
    imported_at_us BIGINT NOT NULL,
    valid_until_us BIGINT NOT NULL,
    ended_at_us BIGINT,
    ended_by TEXT
);
CREATE UNIQUE INDEX imported_accounts_once ON imported_accounts (system, old_id_index);
CREATE INDEX imported_accounts_by_email ON imported_accounts (email_index)
    WHERE ended_at_us IS NULL;
CREATE INDEX imported_accounts_due ON imported_accounts (valid_until_us) WHERE ended_at_us IS NULL;
CREATE INDEX imported_accounts_waiting ON imported_accounts (system) WHERE ended_at_us IS NULL;
CREATE INDEX imported_accounts_of_run ON imported_accounts (run_id, line);

-- Offers that somebody does not want to see again; at too low a level that ends nothing.
CREATE TABLE offer_dismissals (
    account_id UUID NOT NULL REFERENCES accounts (id),
    imported_id UUID NOT NULL REFERENCES imported_accounts (id),
    dismissed_at_us BIGINT NOT NULL,
    PRIMARY KEY (account_id, imported_id)
);

-- When an account was last told by mail that data came: several systems are one mail.
CREATE TABLE import_notices (
    account_id UUID NOT NULL PRIMARY KEY REFERENCES accounts (id),
    noticed_at_us BIGINT NOT NULL
);
