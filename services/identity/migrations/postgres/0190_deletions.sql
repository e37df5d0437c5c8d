-- Accounts whose owner asked for their deletion, or who did not log in for too long. `name`: the
-- audit pseudonym. `account_id` is NULL once nothing of the account is left anywhere.
CREATE TABLE deletions (
    name TEXT NOT NULL PRIMARY KEY,
    account_id UUID UNIQUE,
    cause TEXT NOT NULL CHECK (cause IN ('owner', 'inactivity')),
    asked_at_us BIGINT NOT NULL,
    -- When it begins; until then its owner may call it off.
    due_at_us BIGINT NOT NULL,
    begun_at_us BIGINT,
    finished_at_us BIGINT
);
CREATE INDEX deletions_unfinished ON deletions (due_at_us) WHERE finished_at_us IS NULL;

-- Which service has to say that it holds nothing any more. Those of a later turn are asked when
-- those before have answered. `waits_for`: what a service said has to happen before.
CREATE TABLE deletion_steps (
    name TEXT NOT NULL REFERENCES deletions (name) ON DELETE CASCADE,
    service TEXT NOT NULL,
    turn BIGINT NOT NULL,
    waits_for TEXT NOT NULL DEFAULT '',
    answered_at_us BIGINT,
    done_at_us BIGINT,
    PRIMARY KEY (name, service)
);
CREATE INDEX deletion_steps_open ON deletion_steps (service) WHERE done_at_us IS NULL;

-- The last log-in by the legal clock. What was known before this column is taken over.
ALTER TABLE accounts ADD COLUMN last_login_at_us BIGINT;
UPDATE accounts SET last_login_at_us =
    (SELECT MAX(s.at_us) FROM sign_ins s WHERE s.account_id = accounts.id);
UPDATE accounts SET last_login_at_us =
    (SELECT MAX(c.last_used_at_us) FROM credentials c WHERE c.account_id = accounts.id)
    WHERE last_login_at_us IS NULL;
CREATE INDEX accounts_by_last_login ON accounts (COALESCE(last_login_at_us, created_at_us));

-- Notices that an account will be deleted: each once for as long as nobody logs in.
CREATE TABLE inactivity_notices (
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    since_us BIGINT NOT NULL,
    number BIGINT NOT NULL,
    told_at_us BIGINT NOT NULL,
    PRIMARY KEY (account_id, since_us, number)
);
