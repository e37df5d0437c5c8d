CREATE TABLE organisations (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    legal_form TEXT NOT NULL,
    register_kind TEXT,
    register_court TEXT,
    register_number TEXT,
    identification_level BIGINT NOT NULL,
    created_at_us BIGINT NOT NULL
);

-- Who belongs to which organisation; one current role per member, ended rows are the history.
CREATE TABLE memberships (
    id UUID NOT NULL PRIMARY KEY,
    organisation_id UUID NOT NULL REFERENCES organisations (id),
    account_id UUID NOT NULL,
    role BIGINT NOT NULL,
    began_at_us BIGINT NOT NULL,
    ended_at_us BIGINT
);
CREATE UNIQUE INDEX memberships_current ON memberships (account_id, organisation_id)
    WHERE ended_at_us IS NULL;
