-- Up to where the events of a topic are no longer kept: older cursors would skip something.
CREATE TABLE event_horizons (
    topic TEXT NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL
);

-- Reminders that senders asked for. What is left of one afterwards says that its event was told.
CREATE TABLE reminders (
    mailbox_id UUID NOT NULL,
    letter_id UUID NOT NULL,
    -- When it is ordered, if nobody has opened the letter; absent once it was.
    due_at_us BIGINT,
    told_at_us BIGINT,
    PRIMARY KEY (mailbox_id, letter_id)
);
CREATE INDEX reminders_due ON reminders (due_at_us) WHERE due_at_us IS NOT NULL;
