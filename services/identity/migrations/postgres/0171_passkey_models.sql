-- AAGUID of a passkey's model, where its maker vouched for it when it was made.
ALTER TABLE credentials ADD COLUMN model UUID;
