-- Mailboxes of organisations beside the central one, which has no row: where a mailbox is named,
-- the id of zeros stands for it.
CREATE TABLE mailboxes (
    id UUID NOT NULL PRIMARY KEY,
    organisation_id UUID NOT NULL REFERENCES organisations (id),
    kind BIGINT NOT NULL CHECK (kind BETWEEN 2 AND 4),
    -- Of a function; empty otherwise.
    name TEXT NOT NULL,
    -- The unit, or the membership whose personal one it is; zero for a function.
    belongs_to UUID NOT NULL,
    created_at_us BIGINT NOT NULL,
    closed_at_us BIGINT
);
CREATE UNIQUE INDEX mailboxes_open ON mailboxes (organisation_id, kind, belongs_to, name)
    WHERE closed_at_us IS NULL;

-- What a holder may do in a mailbox; ended rows are the history.
CREATE TABLE mailbox_rights (
    id UUID NOT NULL PRIMARY KEY,
    organisation_id UUID NOT NULL REFERENCES organisations (id),
    mailbox_id UUID NOT NULL,
    holder_kind BIGINT NOT NULL CHECK (holder_kind BETWEEN 1 AND 3),
    -- A membership, the number of a role, or a unit.
    holder UUID NOT NULL,
    -- One bit per right.
    rights BIGINT NOT NULL,
    began_at_us BIGINT NOT NULL,
    ended_at_us BIGINT
);
CREATE UNIQUE INDEX mailbox_rights_current
    ON mailbox_rights (organisation_id, mailbox_id, holder_kind, holder) WHERE ended_at_us IS NULL;

CREATE TABLE substitutions (
    id UUID NOT NULL PRIMARY KEY,
    organisation_id UUID NOT NULL REFERENCES organisations (id),
    kind BIGINT NOT NULL CHECK (kind BETWEEN 1 AND 2),
    absent UUID NOT NULL REFERENCES memberships (id),
    substitute UUID NOT NULL REFERENCES memberships (id),
    -- Absent for all mailboxes.
    mailbox_id UUID,
    from_us BIGINT NOT NULL,
    until_us BIGINT NOT NULL,
    created_at_us BIGINT NOT NULL,
    ended_at_us BIGINT
);
CREATE INDEX substitutions_of_substitute ON substitutions (substitute, until_us)
    WHERE ended_at_us IS NULL;
CREATE INDEX substitutions_of_organisation ON substitutions (organisation_id, until_us)
    WHERE ended_at_us IS NULL;
