-- For whom somebody acts at the clients of a sector: asked once per session. `choice` is JSON.
CREATE TABLE session_acting (
    session_id UUID NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    sector TEXT NOT NULL,
    choice JSONB NOT NULL,
    chosen_at_us BIGINT NOT NULL,
    PRIMARY KEY (session_id, sector)
);

-- Grants under which somebody acts for another, by the SHA-256 of every id that the right to it
-- rests on: what to look at when organisation says that something changed.
CREATE TABLE acting_grants (
    basis BYTEA NOT NULL,
    grant_id UUID NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    PRIMARY KEY (basis, grant_id)
);
CREATE INDEX acting_grants_by_grant ON acting_grants (grant_id);
