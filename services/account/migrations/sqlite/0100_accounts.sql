-- Accounts. `data_key` is wrapped by the key-encryption key; every value of the account is sealed
-- under it. Deletion sets it to NULL, and with it nothing of the account can be read again.
CREATE TABLE accounts (
    id BLOB NOT NULL PRIMARY KEY,
    opened_at_us INTEGER NOT NULL,
    proven_level INTEGER NOT NULL,
    locale TEXT NOT NULL,
    data_key BLOB,
    revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One current row per name and source; superseded rows are the history.
CREATE TABLE attributes (
    id BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    source INTEGER NOT NULL,
    value BLOB NOT NULL,
    level INTEGER,
    verified_at_us INTEGER,
    recorded_at_us INTEGER NOT NULL,
    superseded_at_us INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX attributes_current ON attributes (account_id, name, source)
    WHERE superseded_at_us IS NULL;

-- What a person allowed a client. One standing consent per client and purpose.
CREATE TABLE consents (
    id BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id),
    client_id TEXT NOT NULL,
    client_name TEXT NOT NULL,
    attributes TEXT NOT NULL,
    purpose TEXT NOT NULL,
    given_at_us INTEGER NOT NULL,
    ended_at_us INTEGER,
    ended_by TEXT
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX consents_standing ON consents (account_id, client_id, purpose)
    WHERE ended_at_us IS NULL;

-- Who received which attributes, when, why.
CREATE TABLE disclosures (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id BLOB NOT NULL REFERENCES accounts (id),
    client_id TEXT NOT NULL,
    client_name TEXT NOT NULL,
    attributes TEXT NOT NULL,
    purpose TEXT NOT NULL,
    level INTEGER NOT NULL,
    disclosed_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX disclosures_by_account ON disclosures (account_id, id);
