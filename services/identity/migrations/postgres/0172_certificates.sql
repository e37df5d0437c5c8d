-- A person on the way to the listener for certificates and back. `ticket`: SHA-256 of what the
-- browser takes there; `answer`: SHA-256 of what it brings back, once a certificate was shown.
-- `owner` and `kind` as in `ceremonies`. `handle`: SHA-256 of the certificate; `facts`: its issuer
-- and serial number, sealed.
CREATE TABLE certificate_visits (
    ticket BYTEA NOT NULL PRIMARY KEY,
    owner UUID NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('enrol', 'use')),
    label TEXT NOT NULL,
    answer BYTEA UNIQUE,
    handle BYTEA,
    facts BYTEA,
    expires_at_us BIGINT NOT NULL
);
CREATE INDEX certificate_visits_by_expiry ON certificate_visits (expires_at_us);
