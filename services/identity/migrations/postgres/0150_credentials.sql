-- Everything people log in with, several of a kind, named by their owner.
--
-- `state`: an enrolment that was not finished is `pending` and counts nowhere. `secret`: PHC string
-- of a password. `sealed`: secret of a TOTP generator or public key of a passkey, under the key
-- encryption key. `handle`: SHA-256 of what the credential is found by (id of a passkey, X.509
-- certificate). `counter`: the last step of a TOTP generator that was accepted, the signature
-- counter of a passkey; it only rises.
ALTER TABLE credentials DROP CONSTRAINT credentials_kind_check;
ALTER TABLE credentials ADD CONSTRAINT credentials_kind_check
    CHECK (kind IN ('password', 'eid', 'totp', 'passkey', 'recovery', 'x509'));
ALTER TABLE credentials
    ADD COLUMN state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('pending', 'active')),
    ADD COLUMN sealed BYTEA,
    ADD COLUMN handle BYTEA UNIQUE,
    ADD COLUMN counter BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX credentials_one_recovery ON credentials (account_id) WHERE kind = 'recovery';

-- Single-use codes of a recovery credential; `code_hash` is keyed.
CREATE TABLE recovery_codes (
    credential_id UUID NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    code_hash BYTEA NOT NULL,
    used_at_us BIGINT,
    PRIMARY KEY (credential_id, code_hash)
);

-- WebAuthn ceremonies under way, one per owner (an authorization request or a session) and kind;
-- removed by the answer, so every challenge is answered once, at whichever replica.
CREATE TABLE ceremonies (
    owner UUID NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('enrol', 'use')),
    label TEXT NOT NULL,
    options TEXT NOT NULL,
    state TEXT NOT NULL,
    expires_at_us BIGINT NOT NULL,
    PRIMARY KEY (owner, kind)
);
CREATE INDEX ceremonies_by_expiry ON ceremonies (expires_at_us);

-- Browsers that logged in to an account before: `token_hash` is the SHA-256 of their cookie. Who
-- only knows an address cannot lock them out.
CREATE TABLE known_devices (
    token_hash BYTEA NOT NULL,
    account_id UUID NOT NULL REFERENCES accounts (id),
    added_at_us BIGINT NOT NULL,
    last_used_at_us BIGINT NOT NULL,
    PRIMARY KEY (token_hash, account_id)
);
CREATE INDEX known_devices_by_use ON known_devices (last_used_at_us);

-- A new password waiting for its code, one per authorization request. Without `code_hash` the
-- address has no account, and no code is right.
CREATE TABLE password_resets (
    interaction_id UUID NOT NULL PRIMARY KEY,
    address_hash BYTEA NOT NULL,
    code_hash BYTEA,
    tries BIGINT NOT NULL,
    expires_at_us BIGINT NOT NULL
);
CREATE INDEX password_resets_by_expiry ON password_resets (expires_at_us);

-- A new address waiting for the codes from both mailboxes, one per account. Without
-- `new_code_hash` another account has the address, and no code is right.
CREATE TABLE email_changes (
    account_id UUID NOT NULL PRIMARY KEY REFERENCES accounts (id),
    address_hash BYTEA NOT NULL,
    address_sealed BYTEA NOT NULL,
    old_code_hash BYTEA NOT NULL,
    new_code_hash BYTEA,
    tries BIGINT NOT NULL,
    expires_at_us BIGINT NOT NULL
);
CREATE INDEX email_changes_by_expiry ON email_changes (expires_at_us);
