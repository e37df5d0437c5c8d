-- Where somebody is reached. `email` is sealed under the key-encryption key.
CREATE TABLE contacts (
    recipient TEXT NOT NULL PRIMARY KEY,
    email BYTEA NOT NULL,
    locale TEXT NOT NULL,
    changed_at_us BIGINT NOT NULL
);

-- Mails that were ordered. `content` is sealed, and wiped once the order is finished.
CREATE TABLE orders (
    id UUID NOT NULL PRIMARY KEY,
    caller TEXT NOT NULL,
    request_id TEXT NOT NULL,
    recipient TEXT,
    content BYTEA,
    state BIGINT NOT NULL,
    failure TEXT,
    created_at_us BIGINT NOT NULL,
    finished_at_us BIGINT
);
CREATE UNIQUE INDEX orders_by_request ON orders (caller, request_id);
