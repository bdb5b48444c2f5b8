-- Staff accounts and second factors; what leaving a community needs.

-- A second factor counts once it is confirmed; a step of it is good once, so the last one used is kept.
ALTER TABLE logins
    ADD COLUMN totp_sealed text,
    ADD COLUMN totp_confirmed_at timestamptz,
    ADD COLUMN totp_last_step bigint,
    ADD CONSTRAINT logins_totp_check CHECK (totp_confirmed_at IS NULL OR (totp_sealed IS NOT NULL AND totp_last_step IS NOT NULL));

CREATE TABLE recovery_codes (
    login_id uuid NOT NULL,
    digest bytea NOT NULL,
    used_at timestamptz,
    CONSTRAINT recovery_codes_pkey PRIMARY KEY (login_id, digest),
    CONSTRAINT recovery_codes_login_id_fkey FOREIGN KEY(login_id) REFERENCES logins (id)
);

-- Who left cannot join again on the same day.
ALTER TABLE wechat_accounts ADD COLUMN left_on date;

-- What a resident did to a deed no longer holds his name, so that it goes when he goes: it is looked up.
ALTER TABLE deed_steps ALTER COLUMN by DROP NOT NULL;
ALTER TABLE deed_steps DISABLE TRIGGER deed_steps_append_only;
UPDATE deed_steps SET by = NULL WHERE by_kind = 'resident';
ALTER TABLE deed_steps ENABLE TRIGGER deed_steps_append_only;
ALTER TABLE deed_steps ADD CONSTRAINT deed_steps_by_check CHECK ((by IS NULL) = (by_kind = 'resident'));

-- Where points go that expire.
INSERT INTO accounts (kind, owner, community_code, balance, owed)
SELECT 'expired', owner, community_code, NULL, 0 FROM accounts WHERE kind = 'issuance' ON CONFLICT (owner, kind) DO NOTHING;

GRANT SELECT, INSERT, UPDATE, DELETE ON recovery_codes TO defen_app;
GRANT DELETE ON deed_photos, refused_scans, wechat_accounts TO defen_app;
