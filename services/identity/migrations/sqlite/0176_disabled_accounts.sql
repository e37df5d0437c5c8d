-- Accounts that operators closed to their owners. `disabled_told`: JSON list of the clients that
-- heard of it, so that they hear of its end as well.
ALTER TABLE accounts ADD COLUMN disabled_at_us INTEGER;
ALTER TABLE accounts ADD COLUMN disabled_reason TEXT;
ALTER TABLE accounts ADD COLUMN disabled_by TEXT;
ALTER TABLE accounts ADD COLUMN disabled_told TEXT;
