-- Which members belong to a unit; a membership or a unit that ended counts for nothing.
CREATE TABLE unit_members (
    unit_id UUID NOT NULL REFERENCES units (id),
    membership_id UUID NOT NULL REFERENCES memberships (id),
    PRIMARY KEY (unit_id, membership_id)
);
CREATE INDEX unit_members_of ON unit_members (membership_id);
