-- Which staff read a person's data, and why. The reason is sealed under the account's key.
CREATE TABLE staff_accesses (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id BLOB NOT NULL REFERENCES accounts (id),
    staff TEXT NOT NULL,
    what TEXT NOT NULL,
    reason BLOB NOT NULL,
    accessed_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX staff_accesses_by_account ON staff_accesses (account_id, id);
