-- Whose log-in a code is of: its grant comes with the code's use, so that a code which nobody used
-- could not be found by it. NULL for codes of before, which live for a minute, and a day when used.
ALTER TABLE codes ADD COLUMN account_id BLOB;
ALTER TABLE codes ADD COLUMN session_id BLOB;
CREATE INDEX codes_by_account ON codes (account_id);
CREATE INDEX codes_by_session ON codes (session_id);
