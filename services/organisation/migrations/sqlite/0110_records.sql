-- What is known of an organisation beyond the row in organisations: one current value per field,
-- superseded rows are the history.
CREATE TABLE record_fields (
    id BLOB NOT NULL PRIMARY KEY,
    organisation_id BLOB NOT NULL REFERENCES organisations (id),
    field INTEGER NOT NULL,
    -- JSON; NULL: taken back.
    value TEXT,
    source INTEGER NOT NULL,
    level INTEGER NOT NULL,
    -- The claim that brought it; NULL for what members declared.
    claim_id BLOB,
    recorded_at_us INTEGER NOT NULL,
    superseded_at_us INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX record_fields_current ON record_fields (organisation_id, field)
    WHERE superseded_at_us IS NULL;
CREATE INDEX record_fields_history ON record_fields (organisation_id, field, recorded_at_us);

CREATE TABLE units (
    id BLOB NOT NULL PRIMARY KEY,
    organisation_id BLOB NOT NULL REFERENCES organisations (id),
    parent_id BLOB,
    name TEXT NOT NULL,
    created_at_us INTEGER NOT NULL,
    closed_at_us INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX units_open ON units (organisation_id) WHERE closed_at_us IS NULL;

CREATE TABLE contact_points (
    id BLOB NOT NULL PRIMARY KEY,
    organisation_id BLOB NOT NULL REFERENCES organisations (id),
    unit_id BLOB,
    kind INTEGER NOT NULL,
    value TEXT NOT NULL,
    label TEXT NOT NULL,
    created_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_points_of ON contact_points (organisation_id);

-- At which level the one who proved the organisation was logged in.
ALTER TABLE organisations ADD COLUMN authentication_level INTEGER;
ALTER TABLE organisations ADD COLUMN equal_rights INTEGER NOT NULL DEFAULT 0;
ALTER TABLE organisations ADD COLUMN dissolved_at_us INTEGER;
