-- Uploads that go on after an interruption, until a letter takes them.
CREATE TABLE resumable_uploads (
    id UUID NOT NULL PRIMARY KEY,
    -- Client with tenant, or a mailbox: what others call by this id is not there for them.
    owner TEXT NOT NULL,
    attachment_id UUID NOT NULL,
    size_bytes BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    -- Name and media type, sealed under the upload's key.
    sealed_declaration BYTEA NOT NULL,
    -- Under the key-encryption key until a letter's key takes its place.
    wrapped_key BYTEA NOT NULL,
    -- Plain bytes from the beginning that are durable.
    stored_bytes BIGINT NOT NULL,
    part_count BIGINT NOT NULL,
    -- `receiving`, `ready` or `refused`
    state TEXT NOT NULL,
    -- Stable reason of a refusal.
    refusal TEXT,
    scan TEXT NOT NULL,
    scanned_with TEXT NOT NULL,
    created_at_us BIGINT NOT NULL
);
CREATE INDEX resumable_uploads_by_owner ON resumable_uploads (owner);

-- The objects of an attachment that came in parts, each under a key of its own: a part that is
-- written twice never meets the same key and nonce.
CREATE TABLE attachment_parts (
    attachment_id UUID NOT NULL,
    number BIGINT NOT NULL,
    -- Plain bytes.
    size_bytes BIGINT NOT NULL,
    object_key TEXT NOT NULL,
    -- Under the attachment's key.
    wrapped_key BYTEA NOT NULL,
    PRIMARY KEY (attachment_id, number)
);

-- `scanned`, `not_scanned` or `blocked`, and by which scanner with which signatures.
ALTER TABLE attachments ADD COLUMN scan TEXT NOT NULL DEFAULT 'not_scanned';
ALTER TABLE attachments ADD COLUMN scanned_with TEXT NOT NULL DEFAULT '';
CREATE INDEX attachments_by_scan ON attachments (scanned_with) WHERE scan <> 'blocked';
