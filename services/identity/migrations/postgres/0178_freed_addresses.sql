-- Addresses that an account gave up, as keyed hashes: when another account takes one, clients of
-- the first are told.
CREATE TABLE freed_addresses (
    address_hash BYTEA NOT NULL PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    freed_at_us BIGINT NOT NULL
);
CREATE INDEX freed_addresses_by_account ON freed_addresses (account_id);
