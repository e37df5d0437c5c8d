-- A word of the content, not of what lists show: it finds nothing once the content is withdrawn.
ALTER TABLE letter_words ADD COLUMN of_content INTEGER NOT NULL DEFAULT FALSE;
-- Before, only words of the content needed a level of their own.
UPDATE letter_words SET of_content = TRUE WHERE needed_level > 1;
