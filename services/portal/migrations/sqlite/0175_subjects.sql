-- Keyed hash of the subject a browser is signed in for: the sessions of a deleted account are found
-- by it. Sessions from before this column end within 12 hours.
ALTER TABLE browser_sessions ADD COLUMN subject_hash BLOB;
CREATE INDEX browser_sessions_by_subject ON browser_sessions (subject_hash);
