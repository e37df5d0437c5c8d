-- Audit pseudonyms of accounts that were deleted: an order that was still on its way opens none of
-- them again.
CREATE TABLE deleted_accounts (
    name TEXT NOT NULL PRIMARY KEY,
    deleted_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Audit pseudonym of the account a mail is for; empty for organisations and codes.
ALTER TABLE orders ADD COLUMN recipient_name TEXT NOT NULL DEFAULT '';
CREATE INDEX orders_waiting ON orders (recipient_name) WHERE mail IS NOT NULL;
