CREATE TABLE organisations (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    legal_form TEXT NOT NULL,
    register_kind TEXT,
    register_court TEXT,
    register_number TEXT,
    identification_level INTEGER NOT NULL,
    created_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who belongs to which organisation; one current role per member, ended rows are the history.
CREATE TABLE memberships (
    id BLOB NOT NULL PRIMARY KEY,
    organisation_id BLOB NOT NULL REFERENCES organisations (id),
    account_id BLOB NOT NULL,
    role INTEGER NOT NULL,
    began_at_us INTEGER NOT NULL,
    ended_at_us INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX memberships_current ON memberships (account_id, organisation_id)
    WHERE ended_at_us IS NULL;
