-- Which mailbox the letters of an online service go to, once somebody acted for the organisation
-- there: one row for all services that are told one address. Where nothing was chosen, `mailbox_id`
-- is the id of zeros, the central one.
CREATE TABLE letter_routes (
    id UUID NOT NULL PRIMARY KEY,
    organisation_id UUID NOT NULL REFERENCES organisations (id),
    sector TEXT NOT NULL,
    name TEXT NOT NULL,
    mailbox_id UUID NOT NULL,
    known_since_us BIGINT NOT NULL,
    set_at_us BIGINT,
    UNIQUE (organisation_id, sector)
);
