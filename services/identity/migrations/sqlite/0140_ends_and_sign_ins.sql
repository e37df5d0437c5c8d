-- Clients that got a grant in a session: who is told when it ends.
CREATE TABLE session_clients (
    session_id BLOB NOT NULL,
    client_id TEXT NOT NULL,
    sector TEXT NOT NULL,
    granted_at_us INTEGER NOT NULL,
    PRIMARY KEY (session_id, client_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_clients_by_time ON session_clients (granted_at_us);

-- Every log-in, for its owner to look at.
CREATE TABLE sign_ins (
    account_id BLOB NOT NULL,
    at_us INTEGER NOT NULL,
    session_id BLOB NOT NULL,
    method TEXT NOT NULL,
    level INTEGER NOT NULL,
    sector TEXT NOT NULL,
    device TEXT NOT NULL,
    PRIMARY KEY (account_id, at_us, session_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_ins_by_session ON sign_ins (session_id, at_us);
CREATE INDEX sign_ins_by_time ON sign_ins (at_us);
