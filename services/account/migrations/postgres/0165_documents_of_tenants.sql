-- Whose letters a document came with; a tenant's quota counts these.
ALTER TABLE documents ADD COLUMN tenant TEXT NOT NULL DEFAULT '';
