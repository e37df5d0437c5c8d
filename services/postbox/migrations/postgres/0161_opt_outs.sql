-- What owners chose about letters in their postbox (OZG § 9(1)). A choice is never changed: a later
-- one takes its place, and the old one stays as the record of what held before.
CREATE TABLE opt_outs (
    mailbox_id UUID NOT NULL,
    -- Place among the choices of the mailbox, from 1.
    number BIGINT NOT NULL,
    -- Client id; empty for all senders.
    sender TEXT NOT NULL,
    authority TEXT NOT NULL,
    service_id TEXT NOT NULL,
    choice TEXT NOT NULL CHECK (choice IN ('excluded', 'allowed', 'general')),
    wording_version TEXT NOT NULL,
    -- Trust level of the person's session.
    level BIGINT NOT NULL,
    chosen_at_us BIGINT NOT NULL,
    -- The latest about this sender.
    latest BOOLEAN NOT NULL,
    PRIMARY KEY (mailbox_id, number)
);
CREATE UNIQUE INDEX opt_outs_latest ON opt_outs (mailbox_id, sender) WHERE latest;

ALTER TABLE mailboxes ADD COLUMN opt_outs BIGINT NOT NULL DEFAULT 0;

-- Letters under this rule reach those who opted out as well.
ALTER TABLE legal_rules ADD COLUMN despite_opt_out BOOLEAN NOT NULL DEFAULT FALSE;
