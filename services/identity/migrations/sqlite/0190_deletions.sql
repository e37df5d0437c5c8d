-- Accounts whose owner asked for their deletion, or who did not log in for too long. `name`: the
-- audit pseudonym. `account_id` is NULL once nothing of the account is left anywhere.
CREATE TABLE deletions (
    name TEXT NOT NULL PRIMARY KEY,
    account_id BLOB UNIQUE,
    cause TEXT NOT NULL CHECK (cause IN ('owner', 'inactivity')),
    asked_at_us INTEGER NOT NULL,
    -- When it begins; until then its owner may call it off.
    due_at_us INTEGER NOT NULL,
    begun_at_us INTEGER,
    finished_at_us INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX deletions_unfinished ON deletions (due_at_us) WHERE finished_at_us IS NULL;

-- Which service has to say that it holds nothing any more. Those of a later turn are asked when
-- those before have answered. `waits_for`: what a service said has to happen before.
CREATE TABLE deletion_steps (
    name TEXT NOT NULL REFERENCES deletions (name) ON DELETE CASCADE,
    service TEXT NOT NULL,
    turn INTEGER NOT NULL,
    waits_for TEXT NOT NULL DEFAULT '',
    answered_at_us INTEGER,
    done_at_us INTEGER,
    PRIMARY KEY (name, service)
) STRICT, WITHOUT ROWID;
CREATE INDEX deletion_steps_open ON deletion_steps (service) WHERE done_at_us IS NULL;

-- The last log-in by the legal clock. What was known before this column is taken over.
ALTER TABLE accounts ADD COLUMN last_login_at_us INTEGER;
UPDATE accounts SET last_login_at_us =
    (SELECT MAX(s.at_us) FROM sign_ins s WHERE s.account_id = accounts.id);
UPDATE accounts SET last_login_at_us =
    (SELECT MAX(c.last_used_at_us) FROM credentials c WHERE c.account_id = accounts.id)
    WHERE last_login_at_us IS NULL;
CREATE INDEX accounts_by_last_login ON accounts (COALESCE(last_login_at_us, created_at_us));

-- Notices that an account will be deleted: each once for as long as nobody logs in.
CREATE TABLE inactivity_notices (
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    since_us INTEGER NOT NULL,
    number INTEGER NOT NULL,
    told_at_us INTEGER NOT NULL,
    PRIMARY KEY (account_id, since_us, number)
) STRICT, WITHOUT ROWID;
