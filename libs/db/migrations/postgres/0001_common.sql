-- Tables that every service has: idempotency, events, outbox, audit, leases.
CREATE TABLE requests (
    caller TEXT NOT NULL,
    request_id TEXT NOT NULL,
    digest BYTEA NOT NULL,
    response BYTEA,
    created_at_us BIGINT NOT NULL,
    PRIMARY KEY (caller, request_id)
);

-- An event has no position until the sequencer numbers it: readers never skip one.
CREATE TABLE events (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    position BIGINT UNIQUE,
    topic TEXT NOT NULL,
    kind TEXT NOT NULL,
    payload BYTEA NOT NULL,
    occurred_at_us BIGINT NOT NULL
);
CREATE INDEX events_by_topic ON events (topic, position);
CREATE INDEX events_unnumbered ON events (id) WHERE position IS NULL;

CREATE TABLE outbox (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind TEXT NOT NULL,
    payload BYTEA NOT NULL,
    due_at_us BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    claimed_until_us BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX outbox_by_due ON outbox (due_at_us);

-- Who did what for whom, at which level, with which outcome. `position` and `chain` are closed
-- afterwards by the sequencer.
CREATE TABLE audit (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    position BIGINT UNIQUE,
    chain BYTEA,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    subject TEXT NOT NULL,
    level BIGINT,
    outcome TEXT NOT NULL,
    request_id TEXT NOT NULL,
    detail TEXT NOT NULL,
    occurred_at_us BIGINT NOT NULL
);
CREATE INDEX audit_by_subject ON audit (subject, id);
CREATE INDEX audit_unnumbered ON audit (id) WHERE position IS NULL;

CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    until_us BIGINT NOT NULL
);
