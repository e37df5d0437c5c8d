-- Accounts of others: the providers that are trusted, whose persons are ours, log-ins on their way.

-- `settings` is the provider as JSON; `secret_sealed` proves us to it (key in PEM or shared secret).
-- `enabled` is the switch of administration: settings cannot turn it back on.
CREATE TABLE upstreams (
    id TEXT NOT NULL PRIMARY KEY,
    settings TEXT NOT NULL,
    secret_sealed BLOB NOT NULL,
    managed_by TEXT NOT NULL CHECK (managed_by IN ('settings', 'applied')),
    enabled INTEGER NOT NULL,
    updated_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `subject_hash`: keyed hash of issuer and prefixed subject. `holder_hash`: of name and birth date
-- as first delivered; another holder under the same subject is another person. `level`: the
-- highest that was proven by it.
-- The account of a person who came this way and gave no address has an `address_hash` that no
-- address has, and an empty `address_sealed`.
CREATE TABLE upstream_links (
    id BLOB NOT NULL PRIMARY KEY,
    upstream_id TEXT NOT NULL,
    subject_hash BLOB NOT NULL,
    holder_hash BLOB,
    account_id BLOB NOT NULL REFERENCES accounts (id),
    level INTEGER NOT NULL,
    linked_at_us INTEGER NOT NULL,
    last_used_at_us INTEGER NOT NULL,
    UNIQUE (upstream_id, subject_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX upstream_links_by_account ON upstream_links (account_id);

-- One log-in at a provider: `sent` there, `answered` by it, `taken` by us, `proved` and waiting for
-- the person's word. Each step happens once. `browser`: SHA-256 of the cookie that began it.
CREATE TABLE upstream_logins (
    id BLOB NOT NULL PRIMARY KEY,
    upstream_id TEXT NOT NULL,
    state_hash BLOB NOT NULL UNIQUE,
    interaction_id BLOB,
    session_id BLOB,
    browser BLOB NOT NULL,
    phase TEXT NOT NULL CHECK (phase IN ('sent', 'answered', 'taken', 'proved')),
    attempt_sealed BLOB NOT NULL,
    answer_sealed BLOB,
    expires_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX upstream_logins_by_expiry ON upstream_logins (expires_at_us);
