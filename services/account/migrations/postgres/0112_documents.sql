-- Documents of the safe. `wrapped_key` is wrapped under the account's key; `description` (name,
-- media type, issuer) is sealed under it. A document whose key is gone is deleted; its object
-- follows by the outbox. Until `stored_at_us` is set it is being uploaded and holds its place in the quota.
CREATE TABLE documents (
    id UUID NOT NULL PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id),
    origin TEXT NOT NULL,
    description BYTEA,
    size_bytes BIGINT NOT NULL,
    sha256 BYTEA,
    object_key TEXT NOT NULL,
    wrapped_key BYTEA,
    begun_at_us BIGINT NOT NULL,
    stored_at_us BIGINT,
    deleted_at_us BIGINT
);
CREATE INDEX documents_by_account ON documents (account_id, begun_at_us, id);

-- What a service may fetch. `terms` (names, purpose) is sealed under the account's key.
CREATE TABLE document_grants (
    id UUID NOT NULL PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id),
    document_id UUID NOT NULL REFERENCES documents (id),
    client_id TEXT NOT NULL,
    terms BYTEA NOT NULL,
    many BOOLEAN NOT NULL,
    given_at_us BIGINT NOT NULL,
    valid_until_us BIGINT NOT NULL,
    revoked_at_us BIGINT,
    fetches BIGINT NOT NULL,
    last_fetched_at_us BIGINT,
    last_request TEXT
);
CREATE INDEX document_grants_by_account ON document_grants (account_id, given_at_us, id);
CREATE INDEX document_grants_by_document ON document_grants (document_id);

-- A disclosure of a document instead of attributes; its name then, sealed under the account's key.
ALTER TABLE disclosures ADD COLUMN document_id UUID;
ALTER TABLE disclosures ADD COLUMN document_name BYTEA;
