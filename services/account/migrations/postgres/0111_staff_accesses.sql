-- Which staff read a person's data, and why. The reason is sealed under the account's key.
CREATE TABLE staff_accesses (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id),
    staff TEXT NOT NULL,
    what TEXT NOT NULL,
    reason BYTEA NOT NULL,
    accessed_at_us BIGINT NOT NULL
);
CREATE INDEX staff_accesses_by_account ON staff_accesses (account_id, id);
