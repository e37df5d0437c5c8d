-- What operators decide: limits, quotas, retention, holds, outages; and what waits for a second one.
CREATE TABLE tenant_limits (
    tenant TEXT NOT NULL PRIMARY KEY,
    profile TEXT NOT NULL CHECK (profile IN ('configured', 'federal', 'large')),
    -- In place of the profile's; absent for the profile's.
    attachments BIGINT,
    attachment_bytes BIGINT
);

CREATE TABLE quotas (
    tenant TEXT NOT NULL,
    -- Empty for every sender of the tenant without a row of its own.
    client_id TEXT NOT NULL,
    letters_per_hour BIGINT,
    bytes_per_day BIGINT,
    weight BIGINT NOT NULL,
    PRIMARY KEY (tenant, client_id)
);

-- What replicas took of a quota: in pieces, so that no row is written for each letter.
CREATE TABLE quota_use (
    tenant TEXT NOT NULL,
    client_id TEXT NOT NULL,
    what TEXT NOT NULL CHECK (what IN ('letters', 'bytes')),
    resets_at_us BIGINT NOT NULL,
    taken BIGINT NOT NULL,
    PRIMARY KEY (tenant, client_id, what)
);

CREATE TABLE retention_classes (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    days BIGINT NOT NULL,
    is_default BOOLEAN NOT NULL,
    PRIMARY KEY (tenant, name)
);
CREATE UNIQUE INDEX retention_classes_default ON retention_classes (tenant) WHERE is_default;

-- Letters whose content goes one day: by their class, or because their owner threw them away.
CREATE TABLE retention (
    mailbox_id UUID NOT NULL,
    letter_id UUID NOT NULL,
    cause TEXT NOT NULL CHECK (cause IN ('class', 'trash')),
    -- Empty for the trash.
    class TEXT NOT NULL,
    days BIGINT NOT NULL,
    -- What they count from; absent for the letter's end.
    since_us BIGINT,
    -- When the sweeper looks again; never later than the deletion is due.
    check_at_us BIGINT NOT NULL,
    PRIMARY KEY (mailbox_id, letter_id, cause)
);
CREATE INDEX retention_by_time ON retention (check_at_us);

-- Objects whose key is destroyed: removed from the store, then from here.
CREATE TABLE doomed_objects (
    object_key TEXT NOT NULL PRIMARY KEY
);

CREATE TABLE legal_holds (
    id UUID NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    mailbox_id UUID NOT NULL,
    -- One letter, the letters of one case, or all of the tenant's in the mailbox.
    letter_id UUID,
    case_tag BYTEA,
    reference TEXT NOT NULL,
    placed_at_us BIGINT NOT NULL,
    placed_by TEXT NOT NULL,
    released_at_us BIGINT
);
CREATE INDEX legal_holds_in_force ON legal_holds (mailbox_id) WHERE released_at_us IS NULL;
CREATE INDEX legal_holds_of_tenant ON legal_holds (tenant, placed_at_us);

CREATE TABLE admin_proposals (
    id UUID NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    -- JSON; its SHA-256 is what is approved.
    change TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_at_us BIGINT NOT NULL,
    decided_at_us BIGINT
);
CREATE INDEX admin_proposals_waiting ON admin_proposals (tenant) WHERE decided_at_us IS NULL;

CREATE TABLE outages (
    id UUID NOT NULL PRIMARY KEY,
    from_us BIGINT NOT NULL,
    to_us BIGINT NOT NULL,
    reason TEXT NOT NULL,
    declared_at_us BIGINT NOT NULL,
    declared_by TEXT NOT NULL
);
CREATE INDEX outages_by_end ON outages (to_us);
