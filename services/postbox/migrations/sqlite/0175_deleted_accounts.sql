-- Audit pseudonyms of accounts that were deleted: an order that was still on its way opens none of
-- them again.
CREATE TABLE deleted_accounts (
    name TEXT NOT NULL PRIMARY KEY,
    deleted_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
