-- Clients that got a grant in a session: who is told when it ends.
CREATE TABLE session_clients (
    session_id UUID NOT NULL,
    client_id TEXT NOT NULL,
    sector TEXT NOT NULL,
    granted_at_us BIGINT NOT NULL,
    PRIMARY KEY (session_id, client_id)
);
CREATE INDEX session_clients_by_time ON session_clients (granted_at_us);

-- Every log-in, for its owner to look at.
CREATE TABLE sign_ins (
    account_id UUID NOT NULL,
    at_us BIGINT NOT NULL,
    session_id UUID NOT NULL,
    method TEXT NOT NULL,
    level BIGINT NOT NULL,
    sector TEXT NOT NULL,
    device TEXT NOT NULL,
    PRIMARY KEY (account_id, at_us, session_id)
);
CREATE INDEX sign_ins_by_session ON sign_ins (session_id, at_us);
CREATE INDEX sign_ins_by_time ON sign_ins (at_us);
