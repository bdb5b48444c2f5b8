-- A browser's session has no tokens: it lives as long as somebody is there, and so it remembers when somebody last was.
ALTER TABLE sessions ADD COLUMN seen_at timestamptz;

-- A resident takes his sign-in to another browser by a code of ten digits, which is good once and for a few minutes.
CREATE TABLE sign_in_codes (
    digest bytea NOT NULL,
    wechat_account_id uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT sign_in_codes_pkey PRIMARY KEY (digest),
    CONSTRAINT sign_in_codes_wechat_account_id_fkey FOREIGN KEY(wechat_account_id) REFERENCES wechat_accounts (id) ON DELETE CASCADE
);
CREATE INDEX sign_in_codes_wechat_account_id_idx ON sign_in_codes (wechat_account_id);
CREATE INDEX sign_in_codes_expires_at_idx ON sign_in_codes (expires_at);

-- One person has an account at each app of ours; WeChat's unionid says which are his.
CREATE INDEX wechat_accounts_unionid_idx ON wechat_accounts (unionid);

GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_codes TO defen_app;
