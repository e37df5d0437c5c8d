-- Accounts. `data_key` is wrapped by the key-encryption key; every value of the account is sealed
-- under it. Deletion sets it to NULL, and with it nothing of the account can be read again.
CREATE TABLE accounts (
    id UUID NOT NULL PRIMARY KEY,
    opened_at_us BIGINT NOT NULL,
    proven_level BIGINT NOT NULL,
    locale TEXT NOT NULL,
    data_key BYTEA,
    revision BIGINT NOT NULL
);

-- One current row per name and source; superseded rows are the history.
CREATE TABLE attributes (
    id UUID NOT NULL PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    source BIGINT NOT NULL,
    value BYTEA NOT NULL,
    level BIGINT,
    verified_at_us BIGINT,
    recorded_at_us BIGINT NOT NULL,
    superseded_at_us BIGINT
);
CREATE UNIQUE INDEX attributes_current ON attributes (account_id, name, source)
    WHERE superseded_at_us IS NULL;

-- What a person allowed a client. One standing consent per client and purpose.
CREATE TABLE consents (
    id UUID NOT NULL PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id),
    client_id TEXT NOT NULL,
    client_name TEXT NOT NULL,
    attributes TEXT NOT NULL,
    purpose TEXT NOT NULL,
    given_at_us BIGINT NOT NULL,
    ended_at_us BIGINT,
    ended_by TEXT
);
CREATE UNIQUE INDEX consents_standing ON consents (account_id, client_id, purpose)
    WHERE ended_at_us IS NULL;

-- Who received which attributes, when, why.
CREATE TABLE disclosures (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id),
    client_id TEXT NOT NULL,
    client_name TEXT NOT NULL,
    attributes TEXT NOT NULL,
    purpose TEXT NOT NULL,
    level BIGINT NOT NULL,
    disclosed_at_us BIGINT NOT NULL
);
CREATE INDEX disclosures_by_account ON disclosures (account_id, id);
