-- Who represents an organisation according to a register; ended rows are the history.
CREATE TABLE register_facts (
    id BLOB NOT NULL PRIMARY KEY,
    organisation_id BLOB NOT NULL REFERENCES organisations (id),
    account_id BLOB NOT NULL,
    role INTEGER NOT NULL,
    jointly INTEGER NOT NULL,
    source TEXT NOT NULL,
    recorded_at_us INTEGER NOT NULL,
    ended_at_us INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX register_facts_current ON register_facts (account_id, organisation_id)
    WHERE ended_at_us IS NULL;
CREATE INDEX register_facts_of ON register_facts (organisation_id, id);

-- Who was asked to act for whom. `principal_id` is who gave the first mandate of a chain.
-- Kinds of givers and principals: 1 organisation, 2 person; of holders also 3, a member of the
-- giver. States: 1 pending, 2 active, 3 revoked, 4 rejected, 5 expired, 6 ended by a fact.
-- Empty scope columns limit nothing. `names` is sealed under a key that stands, wrapped, beside it.
CREATE TABLE mandates (
    id BLOB NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    state INTEGER NOT NULL,
    from_kind INTEGER NOT NULL,
    from_id BLOB NOT NULL,
    to_kind INTEGER NOT NULL,
    to_id BLOB,
    principal_kind INTEGER NOT NULL,
    principal_id BLOB NOT NULL,
    parent_id BLOB REFERENCES mandates (id),
    fact_id BLOB REFERENCES register_facts (id),
    -- The membership by which an organisation's mandate was given.
    given_by BLOB REFERENCES memberships (id),
    package TEXT NOT NULL,
    read_only INTEGER NOT NULL,
    service_id TEXT NOT NULL,
    mailbox_id TEXT NOT NULL,
    sender_id TEXT NOT NULL,
    thread TEXT NOT NULL,
    letter_id TEXT NOT NULL,
    level INTEGER NOT NULL,
    redelegation INTEGER NOT NULL,
    valid_from_us INTEGER NOT NULL,
    valid_until_us INTEGER,
    review_at_us INTEGER,
    ends_at_us INTEGER NOT NULL,
    code_hash BLOB,
    granted_at_us INTEGER NOT NULL,
    accepted_at_us INTEGER,
    ended_at_us INTEGER,
    end_reason TEXT,
    names BLOB,
    names_key BLOB
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX mandates_by_code ON mandates (code_hash) WHERE code_hash IS NOT NULL;
CREATE INDEX mandates_held ON mandates (to_id, principal_id) WHERE state = 2;
CREATE INDEX mandates_given ON mandates (from_id, granted_at_us, id);
CREATE INDEX mandates_received ON mandates (to_id, granted_at_us, id);
CREATE INDEX mandates_below ON mandates (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX mandates_given_by ON mandates (given_by) WHERE given_by IS NOT NULL;
CREATE INDEX mandates_on_fact ON mandates (fact_id) WHERE fact_id IS NOT NULL;
CREATE INDEX mandates_due ON mandates (state, ends_at_us) WHERE state IN (1, 2);
CREATE INDEX mandates_offered ON mandates (granted_at_us) WHERE state = 1;

-- What was done by a mandate: a row for each mandate of the path. `used_id` is the last one.
CREATE TABLE mandate_uses (
    id BLOB NOT NULL PRIMARY KEY,
    mandate_id BLOB NOT NULL REFERENCES mandates (id),
    used_id BLOB NOT NULL,
    used_at_us INTEGER NOT NULL,
    action INTEGER NOT NULL,
    service_id TEXT NOT NULL,
    mailbox_id TEXT NOT NULL,
    sender_id TEXT NOT NULL,
    thread TEXT NOT NULL,
    letter_id TEXT NOT NULL,
    path TEXT NOT NULL,
    actor TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX mandate_uses_of ON mandate_uses (mandate_id, used_at_us, id);
