-- Mailboxes of organisations beside the central one, which has no row: where a mailbox is named,
-- the id of zeros stands for it.
CREATE TABLE mailboxes (
    id BLOB NOT NULL PRIMARY KEY,
    organisation_id BLOB NOT NULL REFERENCES organisations (id),
    kind INTEGER NOT NULL CHECK (kind BETWEEN 2 AND 4),
    -- Of a function; empty otherwise.
    name TEXT NOT NULL,
    -- The unit, or the membership whose personal one it is; zero for a function.
    belongs_to BLOB NOT NULL,
    created_at_us INTEGER NOT NULL,
    closed_at_us INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX mailboxes_open ON mailboxes (organisation_id, kind, belongs_to, name)
    WHERE closed_at_us IS NULL;

-- What a holder may do in a mailbox; ended rows are the history.
CREATE TABLE mailbox_rights (
    id BLOB NOT NULL PRIMARY KEY,
    organisation_id BLOB NOT NULL REFERENCES organisations (id),
    mailbox_id BLOB NOT NULL,
    holder_kind INTEGER NOT NULL CHECK (holder_kind BETWEEN 1 AND 3),
    -- A membership, the number of a role, or a unit.
    holder BLOB NOT NULL,
    -- One bit per right.
    rights INTEGER NOT NULL,
    began_at_us INTEGER NOT NULL,
    ended_at_us INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX mailbox_rights_current
    ON mailbox_rights (organisation_id, mailbox_id, holder_kind, holder) WHERE ended_at_us IS NULL;

CREATE TABLE substitutions (
    id BLOB NOT NULL PRIMARY KEY,
    organisation_id BLOB NOT NULL REFERENCES organisations (id),
    kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 2),
    absent BLOB NOT NULL REFERENCES memberships (id),
    substitute BLOB NOT NULL REFERENCES memberships (id),
    -- Absent for all mailboxes.
    mailbox_id BLOB,
    from_us INTEGER NOT NULL,
    until_us INTEGER NOT NULL,
    created_at_us INTEGER NOT NULL,
    ended_at_us INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX substitutions_of_substitute ON substitutions (substitute, until_us)
    WHERE ended_at_us IS NULL;
CREATE INDEX substitutions_of_organisation ON substitutions (organisation_id, until_us)
    WHERE ended_at_us IS NULL;
