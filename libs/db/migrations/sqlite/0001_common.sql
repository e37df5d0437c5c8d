-- Tables that every service has: idempotency, events, outbox, audit, leases.
CREATE TABLE requests (
    caller TEXT NOT NULL,
    request_id TEXT NOT NULL,
    digest BLOB NOT NULL,
    response BLOB,
    created_at_us INTEGER NOT NULL,
    PRIMARY KEY (caller, request_id)
) STRICT, WITHOUT ROWID;

-- An event has no position until the sequencer numbers it: readers never skip one.
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    position INTEGER UNIQUE,
    topic TEXT NOT NULL,
    kind TEXT NOT NULL,
    payload BLOB NOT NULL,
    occurred_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX events_by_topic ON events (topic, position);
CREATE INDEX events_unnumbered ON events (id) WHERE position IS NULL;

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    payload BLOB NOT NULL,
    due_at_us INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    claimed_until_us INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX outbox_by_due ON outbox (due_at_us);

-- Who did what for whom, at which level, with which outcome. `position` and `chain` are closed
-- afterwards by the sequencer.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    position INTEGER UNIQUE,
    chain BLOB,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    subject TEXT NOT NULL,
    level INTEGER,
    outcome TEXT NOT NULL,
    request_id TEXT NOT NULL,
    detail TEXT NOT NULL,
    occurred_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_by_subject ON audit (subject, id);
CREATE INDEX audit_unnumbered ON audit (id) WHERE position IS NULL;

CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    until_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
