-- Tenants; `settings` is the tenant as JSON.
CREATE TABLE tenants (
    id TEXT NOT NULL PRIMARY KEY,
    settings TEXT NOT NULL,
    updated_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Where a registration comes from: `settings` (follows the configuration at every start),
-- `applied` (by `siegel admin`), `dynamic` (RFC 7591).
ALTER TABLE clients ADD COLUMN managed_by TEXT NOT NULL DEFAULT 'settings'
    CHECK (managed_by IN ('settings', 'applied', 'dynamic'));
