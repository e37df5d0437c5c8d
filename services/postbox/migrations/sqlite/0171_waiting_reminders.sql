-- What the sender of a staged letter wished for. It becomes due only after the provision, which its
-- batch decides: until then `due_at_us` is absent. One of the two.
ALTER TABLE reminders ADD COLUMN after_days INTEGER;
ALTER TABLE reminders ADD COLUMN wished_at_us INTEGER;
