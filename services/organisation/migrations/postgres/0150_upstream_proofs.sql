-- Which provider said so, where the source is an account elsewhere; NULL for all other sources.
ALTER TABLE record_fields ADD COLUMN provider TEXT;
