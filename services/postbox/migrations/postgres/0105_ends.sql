-- The letter that took this one's place.
ALTER TABLE letters ADD COLUMN replaced_by UUID;
-- From here on nothing is provided to this mailbox, and its handles reach nobody.
ALTER TABLE mailboxes ADD COLUMN closed_at_us BIGINT;
