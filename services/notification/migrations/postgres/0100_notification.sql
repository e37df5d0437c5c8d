-- Where a recipient is reached; sealed. No address: it was removed.
CREATE TABLE contacts (
    recipient TEXT NOT NULL PRIMARY KEY,
    address BYTEA,
    locale TEXT NOT NULL,
    set_at_us BIGINT NOT NULL
);

-- Mails that were ordered. `mail` (to whom, which text, a code) is sealed, and NULL once settled.
CREATE TABLE orders (
    id UUID NOT NULL PRIMARY KEY,
    caller TEXT NOT NULL,
    request_id TEXT NOT NULL,
    state BIGINT NOT NULL,
    mail BYTEA,
    reply_code BIGINT,
    ordered_at_us BIGINT NOT NULL,
    settled_at_us BIGINT
);
CREATE UNIQUE INDEX orders_by_request ON orders (caller, request_id);
