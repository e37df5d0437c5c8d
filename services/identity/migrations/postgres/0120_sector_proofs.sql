-- The credentials used in a session, per realm (a sector, or `tenant=…` with single sign-on): a
-- log-in for one sector says nothing to another. `level` falls when a proof ages; `limits` are
-- those of the tenant, as JSON. Takes the place of `session_proofs`, which the release before this
-- one still writes.
CREATE TABLE sector_proofs (
    session_id UUID NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    sector TEXT NOT NULL,
    method TEXT NOT NULL,
    level BIGINT NOT NULL,
    proven_at_us BIGINT NOT NULL,
    limits JSONB NOT NULL DEFAULT '[]',
    PRIMARY KEY (session_id, sector, method)
);
INSERT INTO sector_proofs (session_id, sector, method, level, proven_at_us)
    SELECT p.session_id, s.sector, p.method, p.level, p.proven_at_us
    FROM session_proofs p JOIN session_sectors s ON s.session_id = p.session_id;

-- What a person decided about each attribute a client asked for. `purpose`: hash of what the
-- client wanted it for, so that another purpose asks again. Takes the place of `consent_choices`.
CREATE TABLE claim_choices (
    account_id UUID NOT NULL REFERENCES accounts (id),
    client_id TEXT NOT NULL,
    claim TEXT NOT NULL,
    purpose BYTEA NOT NULL,
    allowed BOOLEAN NOT NULL,
    chosen_at_us BIGINT NOT NULL,
    PRIMARY KEY (account_id, client_id, claim)
);
