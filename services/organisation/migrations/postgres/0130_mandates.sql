-- Who represents an organisation according to a register; ended rows are the history.
CREATE TABLE register_facts (
    id UUID NOT NULL PRIMARY KEY,
    organisation_id UUID NOT NULL REFERENCES organisations (id),
    account_id UUID NOT NULL,
    role BIGINT NOT NULL,
    jointly BOOLEAN NOT NULL,
    source TEXT NOT NULL,
    recorded_at_us BIGINT NOT NULL,
    ended_at_us BIGINT
);
CREATE INDEX register_facts_current ON register_facts (account_id, organisation_id)
    WHERE ended_at_us IS NULL;
CREATE INDEX register_facts_of ON register_facts (organisation_id, id);

-- Who was asked to act for whom. `principal_id` is who gave the first mandate of a chain.
-- Kinds of givers and principals: 1 organisation, 2 person; of holders also 3, a member of the
-- giver. States: 1 pending, 2 active, 3 revoked, 4 rejected, 5 expired, 6 ended by a fact.
-- Empty scope columns limit nothing. `names` is sealed under a key that stands, wrapped, beside it.
CREATE TABLE mandates (
    id UUID NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    state BIGINT NOT NULL,
    from_kind BIGINT NOT NULL,
    from_id UUID NOT NULL,
    to_kind BIGINT NOT NULL,
    to_id UUID,
    principal_kind BIGINT NOT NULL,
    principal_id UUID NOT NULL,
    parent_id UUID REFERENCES mandates (id),
    fact_id UUID REFERENCES register_facts (id),
    -- The membership by which an organisation's mandate was given.
    given_by UUID REFERENCES memberships (id),
    package TEXT NOT NULL,
    read_only BOOLEAN NOT NULL,
    service_id TEXT NOT NULL,
    mailbox_id TEXT NOT NULL,
    sender_id TEXT NOT NULL,
    thread TEXT NOT NULL,
    letter_id TEXT NOT NULL,
    level BIGINT NOT NULL,
    redelegation BIGINT NOT NULL,
    valid_from_us BIGINT NOT NULL,
    valid_until_us BIGINT,
    review_at_us BIGINT,
    ends_at_us BIGINT NOT NULL,
    code_hash BYTEA,
    granted_at_us BIGINT NOT NULL,
    accepted_at_us BIGINT,
    ended_at_us BIGINT,
    end_reason TEXT,
    names BYTEA,
    names_key BYTEA
);
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
    id UUID NOT NULL PRIMARY KEY,
    mandate_id UUID NOT NULL REFERENCES mandates (id),
    used_id UUID NOT NULL,
    used_at_us BIGINT NOT NULL,
    action BIGINT NOT NULL,
    service_id TEXT NOT NULL,
    mailbox_id TEXT NOT NULL,
    sender_id TEXT NOT NULL,
    thread TEXT NOT NULL,
    letter_id TEXT NOT NULL,
    path TEXT NOT NULL,
    actor TEXT NOT NULL
);
CREATE INDEX mandate_uses_of ON mandate_uses (mandate_id, used_at_us, id);
