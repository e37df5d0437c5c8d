-- A person on the way to the listener for certificates and back. `ticket`: SHA-256 of what the
-- browser takes there; `answer`: SHA-256 of what it brings back, once a certificate was shown.
-- `owner` and `kind` as in `ceremonies`. `handle`: SHA-256 of the certificate; `facts`: its issuer
-- and serial number, sealed.
CREATE TABLE certificate_visits (
    ticket BLOB NOT NULL PRIMARY KEY,
    owner BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('enrol', 'use')),
    label TEXT NOT NULL,
    answer BLOB UNIQUE,
    handle BLOB,
    facts BLOB,
    expires_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX certificate_visits_by_expiry ON certificate_visits (expires_at_us);
