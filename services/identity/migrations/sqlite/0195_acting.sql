-- For whom somebody acts at the clients of a sector: asked once per session. `choice` is JSON.
CREATE TABLE session_acting (
    session_id BLOB NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    sector TEXT NOT NULL,
    choice TEXT NOT NULL,
    chosen_at_us INTEGER NOT NULL,
    PRIMARY KEY (session_id, sector)
) STRICT, WITHOUT ROWID;

-- Grants under which somebody acts for another, by the SHA-256 of every id that the right to it
-- rests on: what to look at when organisation says that something changed.
CREATE TABLE acting_grants (
    basis BLOB NOT NULL,
    grant_id BLOB NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    PRIMARY KEY (basis, grant_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX acting_grants_by_grant ON acting_grants (grant_id);
