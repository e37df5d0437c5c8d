-- Where a recipient is reached; sealed. No address: it was removed.
CREATE TABLE contacts (
    recipient TEXT NOT NULL PRIMARY KEY,
    address BLOB,
    locale TEXT NOT NULL,
    set_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Mails that were ordered. `mail` (to whom, which text, a code) is sealed, and NULL once settled.
CREATE TABLE orders (
    id BLOB NOT NULL PRIMARY KEY,
    caller TEXT NOT NULL,
    request_id TEXT NOT NULL,
    state INTEGER NOT NULL,
    mail BLOB,
    reply_code INTEGER,
    ordered_at_us INTEGER NOT NULL,
    settled_at_us INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX orders_by_request ON orders (caller, request_id);
