-- The first schema. A statement ends with a semicolon at the end of a line, and nowhere else does a line end so.

CREATE TABLE audit_log (
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid,
    action text NOT NULL,
    subject_id uuid,
    community_code text,
    request_id text,
    address text,
    details jsonb,
    CONSTRAINT audit_log_pkey PRIMARY KEY (id)
);
CREATE INDEX audit_log_actor_id_idx ON audit_log (actor_id);
CREATE INDEX audit_log_subject_id_idx ON audit_log (subject_id);

CREATE TABLE divisions (
    code text NOT NULL,
    name text NOT NULL,
    level text NOT NULL,
    parent_code text,
    lineage text NOT NULL,
    path text NOT NULL,
    CONSTRAINT divisions_pkey PRIMARY KEY (code),
    CONSTRAINT divisions_level_check CHECK (level IN ('district', 'street', 'community', 'grid', 'building')),
    CONSTRAINT divisions_parent_code_fkey FOREIGN KEY(parent_code) REFERENCES divisions (code)
);
CREATE UNIQUE INDEX divisions_lineage_idx ON divisions (lineage text_pattern_ops);
CREATE INDEX divisions_parent_code_idx ON divisions (parent_code);

CREATE TABLE failed_sign_ins (
    id uuid NOT NULL,
    username_hash bytea NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT failed_sign_ins_pkey PRIMARY KEY (id)
);
CREATE INDEX failed_sign_ins_username_hash_at_idx ON failed_sign_ins (username_hash, at);

CREATE TABLE idempotency_keys (
    caller text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    status bigint,
    body text,
    created_at timestamptz NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);

CREATE TABLE uploads (
    id uuid NOT NULL,
    owner_id uuid NOT NULL,
    digest bytea NOT NULL,
    width bigint NOT NULL,
    height bigint NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT uploads_pkey PRIMARY KEY (id),
    CONSTRAINT uploads_size_check CHECK (width > 0 AND height > 0)
);
CREATE INDEX uploads_digest_idx ON uploads (digest);
CREATE INDEX uploads_created_at_idx ON uploads (created_at);
CREATE INDEX uploads_owner_id_idx ON uploads (owner_id);

CREATE TABLE accounts (
    id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    owner text NOT NULL,
    community_code text NOT NULL,
    balance bigint,
    CONSTRAINT accounts_pkey PRIMARY KEY (id),
    CONSTRAINT accounts_owner_kind_key UNIQUE (owner, kind),
    CONSTRAINT accounts_kind_check CHECK (kind IN ('wallet', 'held', 'issuance', 'merchant')),
    CONSTRAINT accounts_counted_check CHECK ((balance IS NOT NULL) = (kind IN ('wallet', 'held'))),
    CONSTRAINT accounts_floor_check CHECK (balance >= 0),
    CONSTRAINT accounts_community_code_fkey FOREIGN KEY(community_code) REFERENCES divisions (code)
);
CREATE INDEX accounts_community_code_idx ON accounts (community_code);

CREATE TABLE merchants (
    id uuid NOT NULL,
    community_code text NOT NULL,
    name text NOT NULL,
    address text,
    active boolean NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT merchants_pkey PRIMARY KEY (id),
    CONSTRAINT merchants_community_code_fkey FOREIGN KEY(community_code) REFERENCES divisions (code)
);
CREATE INDEX merchants_community_code_idx ON merchants (community_code);

CREATE TABLE residents (
    id uuid NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY (MAXVALUE 99999999),
    community_code text NOT NULL,
    name text NOT NULL,
    phone_sealed text,
    phone_hash bytea,
    phone_verified boolean NOT NULL,
    address text,
    entered_by uuid,
    created_at timestamptz NOT NULL,
    CONSTRAINT residents_pkey PRIMARY KEY (id),
    CONSTRAINT residents_number_key UNIQUE (number),
    CONSTRAINT residents_community_code_fkey FOREIGN KEY(community_code) REFERENCES divisions (code)
);
CREATE INDEX residents_community_code_idx ON residents (community_code);
CREATE INDEX residents_phone_hash_idx ON residents (phone_hash);

CREATE TABLE rules (
    id uuid NOT NULL,
    community_code text NOT NULL,
    code text NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT rules_pkey PRIMARY KEY (id),
    CONSTRAINT rules_community_code_code_key UNIQUE (community_code, code),
    CONSTRAINT rules_community_code_fkey FOREIGN KEY(community_code) REFERENCES divisions (code)
);

CREATE TABLE checkins (
    id uuid NOT NULL,
    resident_id uuid NOT NULL,
    day date NOT NULL,
    points bigint NOT NULL,
    streak bigint NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT checkins_pkey PRIMARY KEY (id),
    CONSTRAINT checkins_resident_id_day_key UNIQUE (resident_id, day),
    CONSTRAINT checkins_resident_id_fkey FOREIGN KEY(resident_id) REFERENCES residents (id)
);

CREATE TABLE consents (
    id uuid NOT NULL,
    resident_id uuid NOT NULL,
    version text NOT NULL,
    given_at timestamptz NOT NULL,
    CONSTRAINT consents_pkey PRIMARY KEY (id),
    CONSTRAINT consents_resident_id_fkey FOREIGN KEY(resident_id) REFERENCES residents (id)
);
CREATE INDEX consents_resident_id_idx ON consents (resident_id);

CREATE TABLE items (
    id uuid NOT NULL,
    community_code text NOT NULL,
    merchant_id uuid NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    price bigint NOT NULL,
    per_person bigint,
    per_days bigint,
    upload_id uuid,
    on_shelf_from timestamptz,
    on_shelf_to timestamptz,
    created_at timestamptz NOT NULL,
    CONSTRAINT items_pkey PRIMARY KEY (id),
    CONSTRAINT items_kind_check CHECK (kind IN ('goods', 'service')),
    CONSTRAINT items_price_check CHECK (price > 0),
    CONSTRAINT items_community_code_fkey FOREIGN KEY(community_code) REFERENCES divisions (code),
    CONSTRAINT items_merchant_id_fkey FOREIGN KEY(merchant_id) REFERENCES merchants (id),
    CONSTRAINT items_upload_id_fkey FOREIGN KEY(upload_id) REFERENCES uploads (id)
);
CREATE INDEX items_community_code_id_idx ON items (community_code, id);
CREATE INDEX items_merchant_id_idx ON items (merchant_id);
CREATE INDEX items_upload_id_idx ON items (upload_id);

CREATE TABLE rule_versions (
    rule_id uuid NOT NULL,
    version bigint NOT NULL,
    title text NOT NULL,
    category text NOT NULL,
    points bigint NOT NULL,
    unit text,
    per_day bigint,
    per_week bigint,
    per_month bigint,
    evidence_required boolean NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    CONSTRAINT rule_versions_pkey PRIMARY KEY (rule_id, version),
    CONSTRAINT rule_versions_points_check CHECK (points > 0),
    CONSTRAINT rule_versions_rule_id_fkey FOREIGN KEY(rule_id) REFERENCES rules (id)
);

CREATE TABLE staff (
    id uuid NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    scope_code text NOT NULL,
    resident_id uuid,
    created_at timestamptz NOT NULL,
    CONSTRAINT staff_pkey PRIMARY KEY (id),
    CONSTRAINT staff_role_check CHECK (role IN ('admin', 'reviewer', 'grid_worker', 'building_head', 'auditor')),
    CONSTRAINT staff_scope_code_fkey FOREIGN KEY(scope_code) REFERENCES divisions (code),
    CONSTRAINT staff_resident_id_fkey FOREIGN KEY(resident_id) REFERENCES residents (id)
);

CREATE TABLE transfers (
    number bigint GENERATED ALWAYS AS IDENTITY,
    id uuid NOT NULL,
    debit_account bigint NOT NULL,
    credit_account bigint NOT NULL,
    amount bigint NOT NULL,
    debit_balance bigint,
    credit_balance bigint,
    kind text NOT NULL,
    title text NOT NULL,
    source_type text NOT NULL,
    source_id uuid NOT NULL,
    reverses uuid,
    created_at timestamptz NOT NULL,
    mac bytea NOT NULL,
    CONSTRAINT transfers_pkey PRIMARY KEY (number),
    CONSTRAINT transfers_amount_check CHECK (amount > 0),
    CONSTRAINT transfers_two_accounts_check CHECK (debit_account <> credit_account),
    CONSTRAINT transfers_source_id_kind_key UNIQUE (source_id, kind),
    CONSTRAINT transfers_id_key UNIQUE (id),
    CONSTRAINT transfers_debit_account_fkey FOREIGN KEY(debit_account) REFERENCES accounts (id),
    CONSTRAINT transfers_credit_account_fkey FOREIGN KEY(credit_account) REFERENCES accounts (id),
    CONSTRAINT transfers_reverses_key UNIQUE (reverses),
    CONSTRAINT transfers_reverses_fkey FOREIGN KEY(reverses) REFERENCES transfers (id)
);
CREATE INDEX transfers_credit_account_number_idx ON transfers (credit_account, number);
CREATE INDEX transfers_debit_account_number_idx ON transfers (debit_account, number);

CREATE TABLE wechat_accounts (
    id uuid NOT NULL,
    appid text NOT NULL,
    openid text NOT NULL,
    unionid text,
    resident_id uuid,
    created_at timestamptz NOT NULL,
    CONSTRAINT wechat_accounts_pkey PRIMARY KEY (id),
    CONSTRAINT wechat_accounts_appid_openid_key UNIQUE (appid, openid),
    CONSTRAINT wechat_accounts_resident_id_key UNIQUE (resident_id),
    CONSTRAINT wechat_accounts_resident_id_fkey FOREIGN KEY(resident_id) REFERENCES residents (id)
);

CREATE TABLE deeds (
    id uuid NOT NULL,
    resident_id uuid NOT NULL,
    community_code text NOT NULL,
    rule_id uuid NOT NULL,
    rule_version bigint NOT NULL,
    occurred_on date NOT NULL,
    description text NOT NULL,
    channel text NOT NULL,
    status text NOT NULL,
    points bigint,
    declared_at timestamptz NOT NULL,
    CONSTRAINT deeds_pkey PRIMARY KEY (id),
    CONSTRAINT deeds_rule_id_rule_version_fkey FOREIGN KEY(rule_id, rule_version) REFERENCES rule_versions (rule_id, version),
    CONSTRAINT deeds_status_check CHECK (status IN ('pending', 'returned', 'approved', 'rejected', 'withdrawn', 'revoked')),
    CONSTRAINT deeds_channel_check CHECK (channel IN ('self', 'visit', 'phone', 'sms', 'qq', 'wechat', 'inspection')),
    CONSTRAINT deeds_credited_check CHECK ((points IS NOT NULL) = (status IN ('approved', 'revoked'))),
    CONSTRAINT deeds_resident_id_fkey FOREIGN KEY(resident_id) REFERENCES residents (id),
    CONSTRAINT deeds_community_code_fkey FOREIGN KEY(community_code) REFERENCES divisions (code),
    CONSTRAINT deeds_rule_id_fkey FOREIGN KEY(rule_id) REFERENCES rules (id)
);
CREATE INDEX deeds_community_code_status_id_idx ON deeds (community_code, status, id);
CREATE INDEX deeds_resident_id_id_idx ON deeds (resident_id, id);
CREATE INDEX deeds_resident_id_rule_id_occurred_on_idx ON deeds (resident_id, rule_id, occurred_on);

CREATE TABLE logins (
    id uuid NOT NULL,
    username text NOT NULL,
    password_hash text NOT NULL,
    staff_id uuid,
    merchant_id uuid,
    demo boolean NOT NULL,
    disabled_at timestamptz,
    created_at timestamptz NOT NULL,
    CONSTRAINT logins_pkey PRIMARY KEY (id),
    CONSTRAINT logins_one_owner_check CHECK ((staff_id IS NULL) <> (merchant_id IS NULL)),
    CONSTRAINT logins_username_key UNIQUE (username),
    CONSTRAINT logins_staff_id_fkey FOREIGN KEY(staff_id) REFERENCES staff (id),
    CONSTRAINT logins_merchant_id_fkey FOREIGN KEY(merchant_id) REFERENCES merchants (id)
);
CREATE INDEX logins_merchant_id_idx ON logins (merchant_id);
CREATE INDEX logins_staff_id_idx ON logins (staff_id);

CREATE TABLE orders (
    id uuid NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY (MAXVALUE 99999999),
    resident_id uuid NOT NULL,
    community_code text NOT NULL,
    item_id uuid NOT NULL,
    merchant_id uuid NOT NULL,
    quantity bigint NOT NULL,
    pieces_left bigint NOT NULL,
    pieces_returned bigint NOT NULL,
    unit_price bigint NOT NULL,
    status text NOT NULL,
    placed_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    redeemed_at timestamptz,
    CONSTRAINT orders_pkey PRIMARY KEY (id),
    CONSTRAINT orders_status_check CHECK (status IN ('reserved', 'redeemed', 'cancelled', 'lapsed', 'refunded')),
    CONSTRAINT orders_pieces_check CHECK (quantity BETWEEN 1 AND 99 AND pieces_left >= 0 AND pieces_returned >= 0),
    CONSTRAINT orders_sum_check CHECK (pieces_left + pieces_returned <= quantity),
    CONSTRAINT orders_open_check CHECK ((status = 'reserved') = (pieces_left > 0)),
    CONSTRAINT orders_number_key UNIQUE (number),
    CONSTRAINT orders_resident_id_fkey FOREIGN KEY(resident_id) REFERENCES residents (id),
    CONSTRAINT orders_community_code_fkey FOREIGN KEY(community_code) REFERENCES divisions (code),
    CONSTRAINT orders_item_id_fkey FOREIGN KEY(item_id) REFERENCES items (id),
    CONSTRAINT orders_merchant_id_fkey FOREIGN KEY(merchant_id) REFERENCES merchants (id)
);
CREATE INDEX orders_due_idx ON orders (expires_at) WHERE status = 'reserved';
CREATE INDEX orders_item_id_resident_id_idx ON orders (item_id, resident_id);
CREATE INDEX orders_resident_id_id_idx ON orders (resident_id, id);

CREATE TABLE stock_moves (
    id uuid NOT NULL,
    item_id uuid NOT NULL,
    kind text NOT NULL,
    delta bigint NOT NULL,
    source_id uuid,
    reason text,
    by_id uuid,
    at timestamptz NOT NULL,
    CONSTRAINT stock_moves_pkey PRIMARY KEY (id),
    CONSTRAINT stock_moves_kind_check CHECK (kind IN ('opening', 'received', 'written_off', 'reserved', 'released')),
    CONSTRAINT stock_moves_delta_check CHECK (delta <> 0),
    CONSTRAINT stock_moves_item_id_fkey FOREIGN KEY(item_id) REFERENCES items (id)
);
CREATE INDEX stock_moves_item_id_id_idx ON stock_moves (item_id, id);
CREATE INDEX stock_moves_source_id_idx ON stock_moves (source_id);

CREATE TABLE stocks (
    item_id uuid NOT NULL,
    available bigint NOT NULL,
    CONSTRAINT stocks_pkey PRIMARY KEY (item_id),
    CONSTRAINT stocks_floor_check CHECK (available >= 0),
    CONSTRAINT stocks_item_id_fkey FOREIGN KEY(item_id) REFERENCES items (id)
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 20, autovacuum_vacuum_scale_factor = 0);

CREATE TABLE deed_photos (
    deed_id uuid NOT NULL,
    position bigint NOT NULL,
    upload_id uuid NOT NULL,
    CONSTRAINT deed_photos_pkey PRIMARY KEY (deed_id, position),
    CONSTRAINT deed_photos_deed_id_fkey FOREIGN KEY(deed_id) REFERENCES deeds (id),
    CONSTRAINT deed_photos_upload_id_fkey FOREIGN KEY(upload_id) REFERENCES uploads (id)
);
CREATE INDEX deed_photos_upload_id_idx ON deed_photos (upload_id);

CREATE TABLE deed_steps (
    id uuid NOT NULL,
    deed_id uuid NOT NULL,
    action text NOT NULL,
    at timestamptz NOT NULL,
    by_kind text NOT NULL,
    by_id uuid NOT NULL,
    by text NOT NULL,
    note text,
    CONSTRAINT deed_steps_pkey PRIMARY KEY (id),
    CONSTRAINT deed_steps_deed_id_fkey FOREIGN KEY(deed_id) REFERENCES deeds (id)
);
CREATE INDEX deed_steps_deed_id_idx ON deed_steps (deed_id);

CREATE TABLE refused_scans (
    id uuid NOT NULL,
    login_id uuid NOT NULL,
    order_number bigint,
    code text NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT refused_scans_pkey PRIMARY KEY (id),
    CONSTRAINT refused_scans_login_id_fkey FOREIGN KEY(login_id) REFERENCES logins (id)
);
CREATE INDEX refused_scans_login_id_at_idx ON refused_scans (login_id, at);

CREATE TABLE scans (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    merchant_id uuid NOT NULL,
    login_id uuid NOT NULL,
    pieces bigint NOT NULL,
    points bigint NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT scans_pkey PRIMARY KEY (id),
    CONSTRAINT scans_positive_check CHECK (pieces > 0 AND points > 0),
    CONSTRAINT scans_order_id_fkey FOREIGN KEY(order_id) REFERENCES orders (id),
    CONSTRAINT scans_merchant_id_fkey FOREIGN KEY(merchant_id) REFERENCES merchants (id),
    CONSTRAINT scans_login_id_fkey FOREIGN KEY(login_id) REFERENCES logins (id)
);
CREATE INDEX scans_merchant_id_id_idx ON scans (merchant_id, id);
CREATE INDEX scans_merchant_id_at_idx ON scans (merchant_id, at);
CREATE INDEX scans_order_id_idx ON scans (order_id);

CREATE TABLE sessions (
    id uuid NOT NULL,
    wechat_account_id uuid,
    login_id uuid,
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT sessions_pkey PRIMARY KEY (id),
    CONSTRAINT sessions_one_owner_check CHECK ((wechat_account_id IS NULL) <> (login_id IS NULL)),
    CONSTRAINT sessions_wechat_account_id_fkey FOREIGN KEY(wechat_account_id) REFERENCES wechat_accounts (id),
    CONSTRAINT sessions_login_id_fkey FOREIGN KEY(login_id) REFERENCES logins (id)
);
CREATE INDEX sessions_login_id_idx ON sessions (login_id);
CREATE INDEX sessions_wechat_account_id_idx ON sessions (wechat_account_id);

CREATE TABLE refresh_tokens (
    digest bytea NOT NULL,
    session_id uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT refresh_tokens_pkey PRIMARY KEY (digest),
    CONSTRAINT refresh_tokens_session_id_fkey FOREIGN KEY(session_id) REFERENCES sessions (id) ON DELETE CASCADE
);
CREATE INDEX refresh_tokens_expires_at_idx ON refresh_tokens (expires_at);
CREATE INDEX refresh_tokens_session_id_idx ON refresh_tokens (session_id);

ALTER TABLE rules ADD CONSTRAINT rules_id_version_fkey FOREIGN KEY (id, version)
    REFERENCES rule_versions (rule_id, version) DEFERRABLE INITIALLY DEFERRED;

-- The books and records are only ever added to: refused by the database itself, whoever asks.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$;

CREATE TRIGGER transfers_append_only BEFORE UPDATE OR DELETE ON transfers FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER transfers_not_emptied BEFORE TRUNCATE ON transfers FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_log_not_emptied BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER consents_append_only BEFORE UPDATE OR DELETE ON consents FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER consents_not_emptied BEFORE TRUNCATE ON consents FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER deed_steps_append_only BEFORE UPDATE OR DELETE ON deed_steps FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER deed_steps_not_emptied BEFORE TRUNCATE ON deed_steps FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER rule_versions_append_only BEFORE UPDATE OR DELETE ON rule_versions FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER rule_versions_not_emptied BEFORE TRUNCATE ON rule_versions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER scans_append_only BEFORE UPDATE OR DELETE ON scans FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER scans_not_emptied BEFORE TRUNCATE ON scans FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER stock_moves_append_only BEFORE UPDATE OR DELETE ON stock_moves FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER stock_moves_not_emptied BEFORE TRUNCATE ON stock_moves FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- An account keeps its owner for ever; only its balance moves.
CREATE TRIGGER accounts_keep_their_owner BEFORE UPDATE OF id, kind, owner, community_code ON accounts
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER accounts_are_kept BEFORE DELETE ON accounts FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER accounts_are_not_emptied BEFORE TRUNCATE ON accounts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The app's role: it owns nothing, adds to the books, moves balances, and deletes only what is kept for a time.
GRANT USAGE ON SCHEMA public TO defen_app;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO defen_app;
GRANT INSERT ON accounts, audit_log, checkins, consents, deed_photos, deed_steps, deeds, divisions, failed_sign_ins,
    idempotency_keys, items, logins, merchants, orders, refresh_tokens, refused_scans, residents, rule_versions,
    rules, scans, sessions, staff, stock_moves, stocks, transfers, uploads, wechat_accounts TO defen_app;
GRANT UPDATE (balance) ON accounts TO defen_app;
GRANT UPDATE ON deeds, divisions, idempotency_keys, items, logins, merchants, orders, refresh_tokens, residents, rules,
    sessions, staff, stocks, wechat_accounts TO defen_app;
GRANT DELETE ON failed_sign_ins, idempotency_keys, refresh_tokens, sessions, uploads TO defen_app;
