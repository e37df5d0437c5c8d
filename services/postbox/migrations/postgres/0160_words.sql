-- The blind index of the search: keyed hashes of words, worthless without the mailbox's key.
CREATE TABLE letter_words (
    mailbox_id UUID NOT NULL,
    -- HMAC-SHA-256 of the folded word under a key derived from the mailbox's, cut to 16 bytes.
    tag BYTEA NOT NULL,
    sequence BIGINT NOT NULL,
    -- Who is below this level does not find the letter by this word.
    needed_level BIGINT NOT NULL,
    PRIMARY KEY (mailbox_id, tag, sequence)
);
CREATE INDEX letter_words_of_letter ON letter_words (mailbox_id, sequence);
