-- Everything people log in with, several of a kind, named by their owner.
--
-- `state`: an enrolment that was not finished is `pending` and counts nowhere. `secret`: PHC string
-- of a password. `sealed`: secret of a TOTP generator or public key of a passkey, under the key
-- encryption key. `handle`: SHA-256 of what the credential is found by (id of a passkey, X.509
-- certificate). `counter`: the last step of a TOTP generator that was accepted, the signature
-- counter of a passkey; it only rises.
CREATE TABLE credentials_wider (
    id BLOB NOT NULL PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id),
    kind TEXT NOT NULL
        CHECK (kind IN ('password', 'eid', 'totp', 'passkey', 'recovery', 'x509')),
    secret TEXT,
    card_hash BLOB UNIQUE,
    holder_hash BLOB,
    level INTEGER NOT NULL,
    label TEXT NOT NULL,
    added_at_us INTEGER NOT NULL,
    last_used_at_us INTEGER,
    state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('pending', 'active')),
    sealed BLOB,
    handle BLOB UNIQUE,
    counter INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO credentials_wider
    (id, account_id, kind, secret, card_hash, holder_hash, level, label, added_at_us,
     last_used_at_us)
    SELECT id, account_id, kind, secret, card_hash, holder_hash, level, label, added_at_us,
        last_used_at_us FROM credentials;
DROP TABLE credentials;
ALTER TABLE credentials_wider RENAME TO credentials;
CREATE INDEX credentials_by_account ON credentials (account_id);
CREATE UNIQUE INDEX credentials_one_password ON credentials (account_id) WHERE kind = 'password';
CREATE UNIQUE INDEX credentials_one_recovery ON credentials (account_id) WHERE kind = 'recovery';

-- Single-use codes of a recovery credential; `code_hash` is keyed.
CREATE TABLE recovery_codes (
    credential_id BLOB NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    code_hash BLOB NOT NULL,
    used_at_us INTEGER,
    PRIMARY KEY (credential_id, code_hash)
) STRICT, WITHOUT ROWID;

-- WebAuthn ceremonies under way, one per owner (an authorization request or a session) and kind;
-- removed by the answer, so every challenge is answered once, at whichever replica.
CREATE TABLE ceremonies (
    owner BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('enrol', 'use')),
    label TEXT NOT NULL,
    options TEXT NOT NULL,
    state TEXT NOT NULL,
    expires_at_us INTEGER NOT NULL,
    PRIMARY KEY (owner, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX ceremonies_by_expiry ON ceremonies (expires_at_us);

-- Browsers that logged in to an account before: `token_hash` is the SHA-256 of their cookie. Who
-- only knows an address cannot lock them out.
CREATE TABLE known_devices (
    token_hash BLOB NOT NULL,
    account_id BLOB NOT NULL REFERENCES accounts (id),
    added_at_us INTEGER NOT NULL,
    last_used_at_us INTEGER NOT NULL,
    PRIMARY KEY (token_hash, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX known_devices_by_use ON known_devices (last_used_at_us);

-- A new password waiting for its code, one per authorization request. Without `code_hash` the
-- address has no account, and no code is right.
CREATE TABLE password_resets (
    interaction_id BLOB NOT NULL PRIMARY KEY,
    address_hash BLOB NOT NULL,
    code_hash BLOB,
    tries INTEGER NOT NULL,
    expires_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX password_resets_by_expiry ON password_resets (expires_at_us);

-- A new address waiting for the codes from both mailboxes, one per account. Without
-- `new_code_hash` another account has the address, and no code is right.
CREATE TABLE email_changes (
    account_id BLOB NOT NULL PRIMARY KEY REFERENCES accounts (id),
    address_hash BLOB NOT NULL,
    address_sealed BLOB NOT NULL,
    old_code_hash BLOB NOT NULL,
    new_code_hash BLOB,
    tries INTEGER NOT NULL,
    expires_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX email_changes_by_expiry ON email_changes (expires_at_us);
