-- As of attachments of letters: `scanned`, `not_scanned` or `blocked`, and with which signatures.
ALTER TABLE reply_attachments ADD COLUMN scan TEXT NOT NULL DEFAULT 'not_scanned';
ALTER TABLE reply_attachments ADD COLUMN scanned_with TEXT NOT NULL DEFAULT '';
CREATE INDEX reply_attachments_by_scan ON reply_attachments (scanned_with) WHERE scan <> 'blocked';
