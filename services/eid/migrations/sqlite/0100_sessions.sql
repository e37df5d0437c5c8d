-- Identifications from start to result, ten minutes at most. `reference` is what the source needs
-- to give the result again: for the simulated card the persona's id, never an attribute.
CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    started_by TEXT NOT NULL,
    claims TEXT NOT NULL,
    purpose TEXT NOT NULL,
    return_url TEXT NOT NULL,
    state TEXT NOT NULL,
    reference TEXT,
    ticket_hash BLOB,
    wrong_pins INTEGER NOT NULL DEFAULT 0,
    expires_at_us INTEGER NOT NULL,
    ended_at_us INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_expiry ON sessions (expires_at_us);
