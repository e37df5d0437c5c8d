-- What people do with their letters, without legal meaning. Labels are people's words: sealed, and
-- found by a keyed hash that is worthless without the mailbox's key.
ALTER TABLE letters ADD COLUMN folder TEXT NOT NULL DEFAULT 'inbox' CHECK (folder IN ('inbox', 'archive', 'trash'));
ALTER TABLE letters ADD COLUMN sealed_labels BLOB;
CREATE INDEX letters_by_folder ON letters (mailbox_id, folder, sequence);

-- Letters in archive and trash; `unread` counts outside the trash.
ALTER TABLE mailboxes ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailboxes ADD COLUMN trashed INTEGER NOT NULL DEFAULT 0;

CREATE TABLE letter_labels (
    mailbox_id BLOB NOT NULL,
    tag BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (mailbox_id, tag, sequence)
) STRICT;
CREATE INDEX letter_labels_of_letter ON letter_labels (mailbox_id, sequence);
