-- Documents of the safe. `wrapped_key` is wrapped under the account's key; `description` (name,
-- media type, issuer) is sealed under it. A document whose key is gone is deleted; its object
-- follows by the outbox. Until `stored_at_us` is set it is being uploaded and holds its place in the quota.
CREATE TABLE documents (
    id BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id),
    origin TEXT NOT NULL,
    description BLOB,
    size_bytes INTEGER NOT NULL,
    sha256 BLOB,
    object_key TEXT NOT NULL,
    wrapped_key BLOB,
    begun_at_us INTEGER NOT NULL,
    stored_at_us INTEGER,
    deleted_at_us INTEGER
) STRICT;
CREATE INDEX documents_by_account ON documents (account_id, begun_at_us, id);

-- What a service may fetch. `terms` (names, purpose) is sealed under the account's key.
CREATE TABLE document_grants (
    id BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id),
    document_id BLOB NOT NULL REFERENCES documents (id),
    client_id TEXT NOT NULL,
    terms BLOB NOT NULL,
    many INTEGER NOT NULL,
    given_at_us INTEGER NOT NULL,
    valid_until_us INTEGER NOT NULL,
    revoked_at_us INTEGER,
    fetches INTEGER NOT NULL,
    last_fetched_at_us INTEGER,
    last_request TEXT
) STRICT;
CREATE INDEX document_grants_by_account ON document_grants (account_id, given_at_us, id);
CREATE INDEX document_grants_by_document ON document_grants (document_id);

-- A disclosure of a document instead of attributes; its name then, sealed under the account's key.
ALTER TABLE disclosures ADD COLUMN document_id BLOB;
ALTER TABLE disclosures ADD COLUMN document_name BLOB;
