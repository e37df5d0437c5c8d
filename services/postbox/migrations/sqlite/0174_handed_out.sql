-- Plain bytes from the beginning that were handed out, in one go or in ranges that follow on each
-- other. What ends in the middle or begins there is no download of the whole.
ALTER TABLE attachments ADD COLUMN handed_out_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE attachments SET handed_out_bytes = size_bytes WHERE downloaded_at_us IS NOT NULL;
