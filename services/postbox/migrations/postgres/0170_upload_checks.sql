-- Until when nobody else begins to check an upload that is complete.
ALTER TABLE resumable_uploads ADD COLUMN checking_until_us BIGINT;
