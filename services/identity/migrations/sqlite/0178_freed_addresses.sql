-- Addresses that an account gave up, as keyed hashes: when another account takes one, clients of
-- the first are told.
CREATE TABLE freed_addresses (
    address_hash BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    freed_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX freed_addresses_by_account ON freed_addresses (account_id);
