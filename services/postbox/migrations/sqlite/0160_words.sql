-- The blind index of the search: keyed hashes of words, worthless without the mailbox's key.
CREATE TABLE letter_words (
    mailbox_id BLOB NOT NULL,
    -- HMAC-SHA-256 of the folded word under a key derived from the mailbox's, cut to 16 bytes.
    tag BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    -- Who is below this level does not find the letter by this word.
    needed_level INTEGER NOT NULL,
    PRIMARY KEY (mailbox_id, tag, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX letter_words_of_letter ON letter_words (mailbox_id, sequence);
