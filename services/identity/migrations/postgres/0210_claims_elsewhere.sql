-- The claim of an organisation that a log-in at a provider is to prove; NULL for all other log-ins.
ALTER TABLE upstream_logins ADD COLUMN claim_id UUID;
