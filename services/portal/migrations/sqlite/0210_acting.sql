-- For whom a browser acts now, by id and name; sealed. Nothing: for the person themself.
ALTER TABLE browser_sessions ADD COLUMN sealed_acting BLOB;
