-- What the sender declared about instruction and choice, as it stands in receipts (JSON).
ALTER TABLE letters ADD COLUMN declared TEXT;

-- De-Mail and what replaces it: an own row, so that a sender names the provision it serves under.
INSERT INTO legal_rules (rule_id, legal_basis, law, valid_from, valid_to, day0_event, days, shift, on_no_retrieval, provision_days, confirmed_by_operator) VALUES
    ('vwzg-5a-4/1', 'vwzg-5a-4', 'VwZG § 5a Abs. 4', '2011-05-03', '2024-12-31', 'sending', 3, 'none', 'deemed_served', NULL, FALSE),
    ('vwzg-5a-4/2', 'vwzg-5a-4', 'VwZG § 5a Abs. 4', '2025-01-01', NULL, 'sending', 4, 'none', 'deemed_served', NULL, FALSE);
