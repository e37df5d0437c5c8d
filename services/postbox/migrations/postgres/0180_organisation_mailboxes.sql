-- Mailboxes of organisations beside the central one: `owner` is then the mailbox as `organisation`
-- names it, and this the organisation. Absent for all others.
ALTER TABLE mailboxes ADD COLUMN organisation UUID;
CREATE INDEX mailboxes_of_organisation ON mailboxes (organisation) WHERE organisation IS NOT NULL;
