-- What is known of an organisation beyond the row in organisations: one current value per field,
-- superseded rows are the history.
CREATE TABLE record_fields (
    id UUID NOT NULL PRIMARY KEY,
    organisation_id UUID NOT NULL REFERENCES organisations (id),
    field BIGINT NOT NULL,
    -- JSON; NULL: taken back.
    value TEXT,
    source BIGINT NOT NULL,
    level BIGINT NOT NULL,
    -- The claim that brought it; NULL for what members declared.
    claim_id UUID,
    recorded_at_us BIGINT NOT NULL,
    superseded_at_us BIGINT
);
CREATE UNIQUE INDEX record_fields_current ON record_fields (organisation_id, field)
    WHERE superseded_at_us IS NULL;
CREATE INDEX record_fields_history ON record_fields (organisation_id, field, recorded_at_us);

CREATE TABLE units (
    id UUID NOT NULL PRIMARY KEY,
    organisation_id UUID NOT NULL REFERENCES organisations (id),
    parent_id UUID,
    name TEXT NOT NULL,
    created_at_us BIGINT NOT NULL,
    closed_at_us BIGINT
);
CREATE INDEX units_open ON units (organisation_id) WHERE closed_at_us IS NULL;

CREATE TABLE contact_points (
    id UUID NOT NULL PRIMARY KEY,
    organisation_id UUID NOT NULL REFERENCES organisations (id),
    unit_id UUID,
    kind BIGINT NOT NULL,
    value TEXT NOT NULL,
    label TEXT NOT NULL,
    created_at_us BIGINT NOT NULL
);
CREATE INDEX contact_points_of ON contact_points (organisation_id);

-- At which level the one who proved the organisation was logged in.
ALTER TABLE organisations ADD COLUMN authentication_level BIGINT;
ALTER TABLE organisations ADD COLUMN equal_rights BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE organisations ADD COLUMN dissolved_at_us BIGINT;
