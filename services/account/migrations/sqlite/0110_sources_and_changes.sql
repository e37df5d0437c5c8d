-- Which source, where there are several of a kind, and until when it vouches for a value.
ALTER TABLE attributes ADD COLUMN source_detail TEXT NOT NULL DEFAULT '';
ALTER TABLE attributes ADD COLUMN valid_until_us INTEGER;
DROP INDEX attributes_current;
CREATE UNIQUE INDEX attributes_current ON attributes (account_id, name, source, source_detail)
    WHERE superseded_at_us IS NULL;
CREATE INDEX attributes_history ON attributes (account_id, recorded_at_us, id);

-- What a card said that differs from the last one, until its person decides. The payload is sealed
-- under the account's key, and goes with the decision.
CREATE TABLE attribute_changes (
    id BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id),
    payload BLOB,
    level INTEGER,
    proposed_at_us INTEGER NOT NULL,
    decided_at_us INTEGER,
    decision TEXT
) STRICT;
CREATE UNIQUE INDEX attribute_changes_waiting ON attribute_changes (account_id)
    WHERE decided_at_us IS NULL;

-- The page a consent was given on, sealed under the account's key.
ALTER TABLE consents ADD COLUMN receipt BLOB;
CREATE INDEX consents_by_account ON consents (account_id, given_at_us, id);
