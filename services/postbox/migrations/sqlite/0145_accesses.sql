-- Who looked at what in a mailbox, for its owners. The person and by which right are sealed under
-- the mailbox's key.
CREATE TABLE accesses (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    mailbox_id BLOB NOT NULL,
    -- Absent where it was to no single letter.
    letter_id BLOB,
    kind TEXT NOT NULL,
    -- `done`, or the reason of a refusal.
    outcome TEXT NOT NULL,
    -- Keyed hash of person, day and letter, for what is kept once a day.
    once TEXT UNIQUE,
    sealed BLOB NOT NULL,
    at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX accesses_of_mailbox ON accesses (mailbox_id, id);
CREATE INDEX accesses_of_letter ON accesses (mailbox_id, letter_id, id) WHERE letter_id IS NOT NULL;
