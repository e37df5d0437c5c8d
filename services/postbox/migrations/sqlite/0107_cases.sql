-- News about applications. Case id and note are sealed under the mailbox's key; the tag finds a case.
CREATE TABLE case_updates (
    mailbox_id BLOB NOT NULL,
    -- Place among the updates of the mailbox, from 1.
    number INTEGER NOT NULL,
    case_tag BLOB NOT NULL,
    client_id TEXT NOT NULL,
    tenant TEXT NOT NULL,
    authority TEXT NOT NULL,
    service_id TEXT NOT NULL,
    status TEXT NOT NULL,
    required_level INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    updated_at_us INTEGER NOT NULL,
    PRIMARY KEY (mailbox_id, number)
) STRICT;
CREATE INDEX case_updates_by_case ON case_updates (mailbox_id, case_tag, number);

ALTER TABLE mailboxes ADD COLUMN case_updates INTEGER NOT NULL DEFAULT 0;
