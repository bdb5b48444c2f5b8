-- Goods for points.

-- What a community gives for a unit of some goods. A tariff is never changed: new terms are a new row, the old one is closed.
CREATE TABLE donation_tariffs (
    id uuid NOT NULL,
    community_code text NOT NULL,
    name text NOT NULL,
    unit text NOT NULL,
    points bigint NOT NULL,
    item_id uuid,
    active boolean NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    CONSTRAINT donation_tariffs_pkey PRIMARY KEY (id),
    CONSTRAINT donation_tariffs_community_code_fkey FOREIGN KEY(community_code) REFERENCES divisions (code),
    CONSTRAINT donation_tariffs_item_id_fkey FOREIGN KEY(item_id) REFERENCES items (id),
    CONSTRAINT donation_tariffs_created_by_fkey FOREIGN KEY(created_by) REFERENCES staff (id),
    CONSTRAINT donation_tariffs_points_check CHECK (points > 0)
);
CREATE INDEX donation_tariffs_community_code_id_idx ON donation_tariffs (community_code, id);
CREATE INDEX donation_tariffs_item_id_idx ON donation_tariffs (item_id);

-- Goods that somebody gave, and what he was credited for them: `points` is the sum of the lines.
CREATE TABLE donations (
    id uuid NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    resident_id uuid NOT NULL,
    community_code text NOT NULL,
    wallet text NOT NULL,
    points bigint NOT NULL,
    note text,
    thanked boolean NOT NULL,
    received_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT donations_pkey PRIMARY KEY (id),
    CONSTRAINT donations_number_key UNIQUE (number),
    CONSTRAINT donations_resident_id_fkey FOREIGN KEY(resident_id) REFERENCES residents (id),
    CONSTRAINT donations_community_code_fkey FOREIGN KEY(community_code) REFERENCES divisions (code),
    CONSTRAINT donations_received_by_fkey FOREIGN KEY(received_by) REFERENCES staff (id),
    CONSTRAINT donations_points_check CHECK (points > 0)
);
CREATE INDEX donations_community_code_id_idx ON donations (community_code, id);
CREATE INDEX donations_resident_id_id_idx ON donations (resident_id, id);
CREATE INDEX donations_wallet_idx ON donations (wallet);

CREATE TABLE donation_lines (
    donation_id uuid NOT NULL,
    position bigint NOT NULL,
    item_id uuid,
    tariff_id uuid,
    name text NOT NULL,
    unit text,
    quantity bigint NOT NULL,
    points bigint NOT NULL,
    CONSTRAINT donation_lines_pkey PRIMARY KEY (donation_id, position),
    CONSTRAINT donation_lines_donation_id_fkey FOREIGN KEY(donation_id) REFERENCES donations (id),
    CONSTRAINT donation_lines_item_id_fkey FOREIGN KEY(item_id) REFERENCES items (id),
    CONSTRAINT donation_lines_tariff_id_fkey FOREIGN KEY(tariff_id) REFERENCES donation_tariffs (id),
    CONSTRAINT donation_lines_quantity_check CHECK (quantity > 0),
    CONSTRAINT donation_lines_points_check CHECK (points >= 0)
);
CREATE INDEX donation_lines_item_id_idx ON donation_lines (item_id);
CREATE INDEX donation_lines_tariff_id_idx ON donation_lines (tariff_id);

-- What was given goes on the shelf under a kind of its own, so that one sees where a piece came from.
ALTER TABLE stock_moves DROP CONSTRAINT stock_moves_kind_check;
ALTER TABLE stock_moves ADD CONSTRAINT stock_moves_kind_check
    CHECK (kind IN ('opening', 'received', 'donated', 'written_off', 'reserved', 'released'));

CREATE TRIGGER donations_append_only BEFORE UPDATE OR DELETE ON donations FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER donations_not_emptied BEFORE TRUNCATE ON donations FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER donation_lines_append_only BEFORE UPDATE OR DELETE ON donation_lines
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER donation_lines_not_emptied BEFORE TRUNCATE ON donation_lines
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON donation_lines, donation_tariffs, donations TO defen_app;
GRANT UPDATE (active) ON donation_tariffs TO defen_app;
