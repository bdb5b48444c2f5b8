-- Households and whose wallet it is, settings, what is owed, the shared inbox, outbox and feed.

CREATE TABLE community_settings (
    community_code text NOT NULL,
    counts_by text NOT NULL,
    registration_confirmed boolean NOT NULL,
    checkin_points bigint NOT NULL,
    streak_bonuses jsonb NOT NULL,
    make_up_cards bigint NOT NULL,
    same_rule_once_a_day boolean NOT NULL,
    cap_per_day bigint,
    cap_per_week bigint,
    cap_per_month bigint,
    notice_days bigint NOT NULL,
    budget_per_month bigint,
    order_lapses_after_days bigint NOT NULL,
    second_factor_required boolean NOT NULL,
    CONSTRAINT community_settings_pkey PRIMARY KEY (community_code),
    CONSTRAINT community_settings_community_code_fkey FOREIGN KEY(community_code) REFERENCES divisions (code),
    CONSTRAINT community_settings_counts_by_check CHECK (counts_by IN ('person', 'household')),
    CONSTRAINT community_settings_checkin_points_check CHECK (checkin_points BETWEEN 0 AND 100)
);

CREATE TABLE households (
    id uuid NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    community_code text NOT NULL,
    name text NOT NULL,
    address text,
    head_id uuid,
    merged_into uuid,
    created_at timestamptz NOT NULL,
    CONSTRAINT households_pkey PRIMARY KEY (id),
    CONSTRAINT households_number_key UNIQUE (number),
    CONSTRAINT households_community_code_fkey FOREIGN KEY(community_code) REFERENCES divisions (code),
    CONSTRAINT households_head_id_fkey FOREIGN KEY(head_id) REFERENCES residents (id),
    CONSTRAINT households_merged_into_fkey FOREIGN KEY(merged_into) REFERENCES households (id)
);
CREATE INDEX households_community_code_id_idx ON households (community_code, id);
CREATE INDEX households_merged_into_idx ON households (merged_into);

-- Who joined and left which household, when, by whom, and why.
CREATE TABLE household_moves (
    id uuid NOT NULL,
    kind text NOT NULL,
    resident_id uuid NOT NULL,
    from_id uuid,
    to_id uuid,
    by_kind text NOT NULL,
    by_id uuid,
    reason text,
    at timestamptz NOT NULL,
    CONSTRAINT household_moves_pkey PRIMARY KEY (id),
    CONSTRAINT household_moves_kind_check CHECK (kind IN ('founded', 'joined', 'left', 'merged', 'split')),
    CONSTRAINT household_moves_resident_id_fkey FOREIGN KEY(resident_id) REFERENCES residents (id),
    CONSTRAINT household_moves_from_id_fkey FOREIGN KEY(from_id) REFERENCES households (id),
    CONSTRAINT household_moves_to_id_fkey FOREIGN KEY(to_id) REFERENCES households (id)
);
CREATE INDEX household_moves_resident_id_idx ON household_moves (resident_id);

-- A person's place is the smallest part of the tree he is assigned to: his building, his grid, or only the community.
ALTER TABLE residents
    ADD COLUMN household_id uuid CONSTRAINT residents_household_id_fkey REFERENCES households (id),
    ADD COLUMN place_code text CONSTRAINT residents_place_code_fkey REFERENCES divisions (code),
    ADD COLUMN born_on date,
    ADD COLUMN name_shown text NOT NULL DEFAULT 'masked'
        CONSTRAINT residents_name_shown_check CHECK (name_shown IN ('masked', 'full', 'hidden')),
    ADD COLUMN search text NOT NULL DEFAULT '',
    ADD COLUMN confirmed_at timestamptz,
    ADD COLUMN left_at timestamptz;
UPDATE residents SET place_code = community_code, confirmed_at = created_at;
ALTER TABLE residents ALTER COLUMN place_code SET NOT NULL, ALTER COLUMN name_shown DROP DEFAULT, ALTER COLUMN search DROP DEFAULT;
-- Whose wallet earns and pays for him: that of his household where there is one, else his own.
ALTER TABLE residents ADD COLUMN wallet text GENERATED ALWAYS AS ((coalesce(household_id, id))::text) STORED NOT NULL;
CREATE INDEX residents_household_id_idx ON residents (household_id);
CREATE INDEX residents_place_code_idx ON residents (place_code);

-- What was credited or is held keeps the wallet it concerns, whatever becomes of the household later.
ALTER TABLE checkins ADD COLUMN wallet text, ADD COLUMN made_up boolean NOT NULL DEFAULT false;
UPDATE checkins SET wallet = resident_id::text;
ALTER TABLE checkins ALTER COLUMN wallet SET NOT NULL, ALTER COLUMN made_up DROP DEFAULT;
CREATE INDEX checkins_wallet_idx ON checkins (wallet);
ALTER TABLE deeds ADD COLUMN wallet text, ADD COLUMN approved_at timestamptz;
UPDATE deeds d SET wallet = resident_id::text,
    approved_at = (SELECT max(s.at) FROM deed_steps s WHERE s.deed_id = d.id AND s.action = 'approved')
WHERE points IS NOT NULL;
ALTER TABLE deeds ADD CONSTRAINT deeds_wallet_check
    CHECK ((wallet IS NOT NULL) = (points IS NOT NULL) AND (approved_at IS NOT NULL) = (points IS NOT NULL));
CREATE INDEX deeds_wallet_idx ON deeds (wallet);
CREATE INDEX deeds_community_code_approved_at_idx ON deeds (community_code, approved_at);
ALTER TABLE orders ADD COLUMN wallet text;
UPDATE orders SET wallet = resident_id::text;
ALTER TABLE orders ALTER COLUMN wallet SET NOT NULL;
CREATE INDEX orders_wallet_idx ON orders (wallet) WHERE status = 'reserved';

-- What a wallet still owes after a credit was taken back that it had partly spent; each change of it is on record.
ALTER TABLE accounts DROP CONSTRAINT accounts_kind_check, DROP CONSTRAINT accounts_floor_check;
ALTER TABLE accounts ADD COLUMN owed bigint NOT NULL DEFAULT 0;
ALTER TABLE accounts ALTER COLUMN owed DROP DEFAULT;
ALTER TABLE accounts
    ADD CONSTRAINT accounts_kind_check CHECK (kind IN ('wallet', 'held', 'issuance', 'merchant', 'expired')),
    ADD CONSTRAINT accounts_floor_check CHECK (balance >= 0 AND owed >= 0 AND (owed = 0 OR kind = 'wallet'));
CREATE TABLE debt_moves (
    id uuid NOT NULL,
    wallet text NOT NULL,
    change bigint NOT NULL,
    source_type text NOT NULL,
    source_id uuid NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT debt_moves_pkey PRIMARY KEY (id),
    CONSTRAINT debt_moves_change_check CHECK (change <> 0)
);
CREATE INDEX debt_moves_wallet_idx ON debt_moves (wallet);

-- An approved deed that is not credited yet, and what it waits for; ended when it is credited or revoked.
CREATE TABLE waiting_credits (
    deed_id uuid NOT NULL,
    waits_for text NOT NULL,
    until date NOT NULL,
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT waiting_credits_pkey PRIMARY KEY (deed_id),
    CONSTRAINT waiting_credits_deed_id_fkey FOREIGN KEY(deed_id) REFERENCES deeds (id),
    CONSTRAINT waiting_credits_waits_for_check CHECK (waits_for IN ('notice', 'budget'))
);
CREATE INDEX waiting_credits_due_idx ON waiting_credits (until) WHERE ended_at IS NULL;

-- What a community with a budget issued in a month; the guarded statement on it is what keeps the budget.
CREATE TABLE budget_months (
    community_code text NOT NULL,
    month date NOT NULL,
    issued bigint NOT NULL,
    CONSTRAINT budget_months_pkey PRIMARY KEY (community_code, month),
    CONSTRAINT budget_months_community_code_fkey FOREIGN KEY(community_code) REFERENCES divisions (code),
    CONSTRAINT budget_months_issued_check CHECK (issued >= 0)
);

CREATE TABLE messages (
    id uuid NOT NULL,
    resident_id uuid NOT NULL,
    kind text NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    source_type text NOT NULL,
    source_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    read_at timestamptz,
    CONSTRAINT messages_pkey PRIMARY KEY (id),
    CONSTRAINT messages_resident_id_fkey FOREIGN KEY(resident_id) REFERENCES residents (id)
);
CREATE INDEX messages_resident_id_id_idx ON messages (resident_id, id);
CREATE INDEX messages_unread_idx ON messages (resident_id) WHERE read_at IS NULL;

CREATE TABLE outbox (
    id uuid NOT NULL,
    topic text NOT NULL,
    body jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    next_try_at timestamptz NOT NULL,
    attempts bigint NOT NULL,
    sent_at timestamptz,
    dead_at timestamptz,
    last_error text,
    CONSTRAINT outbox_pkey PRIMARY KEY (id)
);
CREATE INDEX outbox_due_idx ON outbox (next_try_at) WHERE sent_at IS NULL AND dead_at IS NULL;

CREATE TABLE feed_entries (
    number bigint GENERATED ALWAYS AS IDENTITY,
    id uuid NOT NULL,
    kind text NOT NULL,
    community_code text NOT NULL,
    resident_id uuid NOT NULL,
    category text NOT NULL,
    title text NOT NULL,
    description text NOT NULL,
    occurred_on date NOT NULL,
    created_at timestamptz NOT NULL,
    off_at timestamptz,
    off_reason text,
    off_by uuid,
    CONSTRAINT feed_entries_pkey PRIMARY KEY (number),
    CONSTRAINT feed_entries_id_key UNIQUE (id),
    CONSTRAINT feed_entries_kind_check CHECK (kind IN ('deed', 'donation')),
    CONSTRAINT feed_entries_community_code_fkey FOREIGN KEY(community_code) REFERENCES divisions (code),
    CONSTRAINT feed_entries_resident_id_fkey FOREIGN KEY(resident_id) REFERENCES residents (id)
);
CREATE INDEX feed_entries_community_code_number_idx ON feed_entries (community_code, number);
CREATE INDEX feed_entries_resident_id_idx ON feed_entries (resident_id);
INSERT INTO feed_entries (id, kind, community_code, resident_id, category, title, description, occurred_on, created_at)
SELECT d.id, 'deed', d.community_code, d.resident_id, v.category, v.title, d.description, d.occurred_on, d.approved_at
FROM deeds d JOIN rule_versions v ON v.rule_id = d.rule_id AND v.version = d.rule_version
WHERE d.status = 'approved' ORDER BY d.approved_at;

CREATE TRIGGER debt_moves_append_only BEFORE UPDATE OR DELETE ON debt_moves FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER debt_moves_not_emptied BEFORE TRUNCATE ON debt_moves FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER household_moves_append_only BEFORE UPDATE OR DELETE ON household_moves
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER household_moves_not_emptied BEFORE TRUNCATE ON household_moves
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON budget_months, community_settings, debt_moves, feed_entries, household_moves, households, messages, outbox, waiting_credits
    TO defen_app;
GRANT UPDATE ON budget_months, community_settings, feed_entries, households, messages, outbox, waiting_credits TO defen_app;
GRANT DELETE ON messages, outbox TO defen_app;
GRANT UPDATE (points, streak) ON checkins TO defen_app;
GRANT UPDATE (balance, owed) ON accounts TO defen_app;
