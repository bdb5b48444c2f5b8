-- Entry on behalf and review for real.

-- What a picture looks like, in 64 bits: pictures that look alike differ in few of them.
ALTER TABLE uploads ADD COLUMN phash bigint;
-- The prints of a community's photos lie side by side, so that one picture is held against all of them at once.
ALTER TABLE deed_photos ADD COLUMN community_code text, ADD COLUMN phash bigint;
UPDATE deed_photos p SET community_code = d.community_code FROM deeds d WHERE d.id = p.deed_id;
ALTER TABLE deed_photos ALTER COLUMN community_code SET NOT NULL;
CREATE INDEX deed_photos_prints_idx ON deed_photos (community_code) INCLUDE (deed_id, upload_id, phash) WHERE phash IS NOT NULL;

-- A deed that was returned may be handed in again with other photos.
GRANT DELETE ON deed_photos TO defen_app;

-- Who reviewed how many, and how fast, is asked for by the day of the decision.
CREATE INDEX deed_steps_decided_idx ON deed_steps (at) WHERE action IN ('approved', 'rejected', 'returned');

CREATE TABLE reason_templates (
    id uuid NOT NULL,
    community_code text NOT NULL,
    action text NOT NULL,
    text text NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    CONSTRAINT reason_templates_pkey PRIMARY KEY (id),
    CONSTRAINT reason_templates_community_code_action_text_key UNIQUE (community_code, action, text),
    CONSTRAINT reason_templates_community_code_fkey FOREIGN KEY(community_code) REFERENCES divisions (code),
    CONSTRAINT reason_templates_created_by_fkey FOREIGN KEY(created_by) REFERENCES staff (id),
    CONSTRAINT reason_templates_action_check CHECK (action IN ('approve', 'reject', 'return', 'revoke'))
);
GRANT SELECT, INSERT, DELETE ON reason_templates TO defen_app;
