-- A note of a donation may be deleted, as it may tell of a person who leaves; nothing else of a donation ever changes.
DROP TRIGGER donations_append_only ON donations;
CREATE TRIGGER donations_append_only BEFORE UPDATE ON donations FOR EACH ROW
    WHEN (OLD.note IS NULL OR NEW.note IS NOT NULL OR to_jsonb(NEW) - 'note' IS DISTINCT FROM to_jsonb(OLD) - 'note')
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER donations_are_kept BEFORE DELETE ON donations FOR EACH ROW EXECUTE FUNCTION refuse_change();

GRANT UPDATE (note) ON donations TO defen_app;

UPDATE donations SET note = NULL FROM residents r
    WHERE r.id = donations.resident_id AND r.left_at IS NOT NULL AND note IS NOT NULL;

-- Who came to a household and who left it is shown with it.
CREATE INDEX household_moves_from_id_idx ON household_moves (from_id);
CREATE INDEX household_moves_to_id_idx ON household_moves (to_id);
