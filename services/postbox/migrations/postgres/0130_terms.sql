-- What lists are filtered by. A case id is sealed like every word of people: recipients find it by a
-- hash under their mailbox's key, senders by one under a key of their own. Letters from before have
-- neither.
ALTER TABLE letters ADD COLUMN case_tag BYTEA;
-- First local day on which the letter asks for something.
ALTER TABLE letters ADD COLUMN due_on TEXT;
-- From then on the content can no longer be opened.
ALTER TABLE letters ADD COLUMN retrieve_until_us BIGINT;
CREATE INDEX letters_by_case ON letters (mailbox_id, case_tag, sequence) WHERE case_tag IS NOT NULL;
CREATE INDEX letters_by_due_day ON letters (mailbox_id, due_on, sequence) WHERE due_on IS NOT NULL;

ALTER TABLE sent_letters ADD COLUMN case_tag BYTEA;
CREATE INDEX sent_letters_by_time ON sent_letters (client_id, accepted_at_us, letter_id);
CREATE INDEX sent_letters_by_case ON sent_letters (client_id, case_tag, accepted_at_us, letter_id)
    WHERE case_tag IS NOT NULL;
