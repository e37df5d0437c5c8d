-- Letters that were refused with a receipt: the same request, refused again for the same reason, is
-- told of the same receipt. Their rows in `letters` have no content and stand in no mailbox: all of
-- them under the id that no mailbox has, zeros only.
CREATE TABLE rejections (
    -- Scope of the request id, as in `requests`, where such a request is not: a later try may be taken.
    caller TEXT NOT NULL,
    request_id TEXT NOT NULL,
    -- SHA-256 of the canonical request.
    digest BYTEA NOT NULL,
    reason TEXT NOT NULL,
    letter_id UUID NOT NULL,
    PRIMARY KEY (caller, request_id, digest, reason)
);
