-- Rollups: figures of days that are over, kept so that those of a long time are cheap. They are derived from the rows and may
-- be made anew at any time.
CREATE TABLE rolled_up_days (
    day date NOT NULL,
    rolled_up_at timestamptz NOT NULL,
    CONSTRAINT rolled_up_days_pkey PRIMARY KEY (day)
);
CREATE TABLE daily_figures (
    community_code text NOT NULL,
    day date NOT NULL,
    issued bigint NOT NULL,
    redeemed bigint NOT NULL,
    expired bigint NOT NULL,
    deeds bigint NOT NULL,
    checkins bigint NOT NULL,
    CONSTRAINT daily_figures_pkey PRIMARY KEY (community_code, day),
    CONSTRAINT daily_figures_community_code_fkey FOREIGN KEY(community_code) REFERENCES divisions (code)
);
-- One row for a resident and a month: in `days` the lowest bit is the first of the month.
CREATE TABLE monthly_participants (
    month date NOT NULL,
    community_code text NOT NULL,
    resident_id uuid NOT NULL,
    days bigint NOT NULL,
    CONSTRAINT monthly_participants_pkey PRIMARY KEY (month, community_code, resident_id),
    CONSTRAINT monthly_participants_community_code_fkey FOREIGN KEY(community_code) REFERENCES divisions (code),
    CONSTRAINT monthly_participants_resident_id_fkey FOREIGN KEY(resident_id) REFERENCES residents (id)
);
-- The people of a community, from the newest on.
DROP INDEX residents_community_code_idx;
CREATE INDEX residents_community_code_id_idx ON residents (community_code, id);

CREATE INDEX transfers_created_at_idx ON transfers (created_at);
CREATE INDEX checkins_created_at_idx ON checkins (created_at);
CREATE INDEX deeds_declared_at_idx ON deeds (declared_at);
CREATE INDEX deeds_approved_at_idx ON deeds (approved_at);
CREATE INDEX deeds_revoked_idx ON deeds (approved_at) WHERE status = 'revoked';
CREATE INDEX orders_placed_at_idx ON orders (placed_at);
CREATE INDEX scans_at_idx ON scans (at);

-- Units: the enterprises and institutions that take part, what was agreed with them, what they offered and did.
CREATE TABLE units (
    id uuid NOT NULL,
    division_code text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    contact_name text,
    contact_phone_sealed text,
    note text,
    active boolean NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT units_pkey PRIMARY KEY (id),
    CONSTRAINT units_kind_check CHECK (kind IN ('enterprise', 'institution', 'shop', 'school', 'other')),
    CONSTRAINT units_division_code_fkey FOREIGN KEY(division_code) REFERENCES divisions (code)
);
CREATE INDEX units_division_code_id_idx ON units (division_code, id);
CREATE TABLE unit_agreements (
    id uuid NOT NULL,
    unit_id uuid NOT NULL,
    title text NOT NULL,
    text text NOT NULL,
    from_on date NOT NULL,
    to_on date,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT unit_agreements_pkey PRIMARY KEY (id),
    CONSTRAINT unit_agreements_days_check CHECK (to_on >= from_on),
    CONSTRAINT unit_agreements_unit_id_fkey FOREIGN KEY(unit_id) REFERENCES units (id)
);
CREATE INDEX unit_agreements_unit_id_idx ON unit_agreements (unit_id);
CREATE TABLE unit_records (
    id uuid NOT NULL,
    unit_id uuid NOT NULL,
    kind text NOT NULL,
    day date NOT NULL,
    description text NOT NULL,
    quantity bigint,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT unit_records_pkey PRIMARY KEY (id),
    CONSTRAINT unit_records_kind_check CHECK (kind IN ('offered', 'did')),
    CONSTRAINT unit_records_quantity_check CHECK (quantity > 0),
    CONSTRAINT unit_records_unit_id_fkey FOREIGN KEY(unit_id) REFERENCES units (id)
);
CREATE INDEX unit_records_unit_id_day_idx ON unit_records (unit_id, day);
CREATE TRIGGER unit_records_append_only BEFORE UPDATE OR DELETE ON unit_records
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER unit_records_not_emptied BEFORE TRUNCATE ON unit_records
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A long audit log is searched by community or by day, newest first.
CREATE INDEX audit_log_community_code_id_idx ON audit_log (community_code, id);
CREATE INDEX audit_log_at_idx ON audit_log (at);

GRANT SELECT, INSERT, DELETE ON rolled_up_days, daily_figures, monthly_participants TO defen_app;
GRANT UPDATE ON monthly_participants TO defen_app;
GRANT SELECT, INSERT ON units, unit_agreements, unit_records TO defen_app;
GRANT UPDATE ON units TO defen_app;
