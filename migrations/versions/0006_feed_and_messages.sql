-- The feed's likes and the outbox.

-- Who likes what; a like that is taken back leaves nothing.
CREATE TABLE likes (
    entry_id uuid NOT NULL,
    resident_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT likes_pkey PRIMARY KEY (entry_id, resident_id),
    CONSTRAINT likes_entry_id_fkey FOREIGN KEY(entry_id) REFERENCES feed_entries (id),
    CONSTRAINT likes_resident_id_fkey FOREIGN KEY(resident_id) REFERENCES residents (id)
);
CREATE INDEX likes_resident_id_idx ON likes (resident_id);
GRANT SELECT, INSERT, DELETE ON likes TO defen_app;

-- When the resident was warned that his order lapses soon.
ALTER TABLE orders ADD COLUMN warned_at timestamptz;
CREATE INDEX orders_to_warn_idx ON orders (expires_at) WHERE status = 'reserved' AND warned_at IS NULL;

CREATE INDEX outbox_dead_idx ON outbox (dead_at) WHERE dead_at IS NOT NULL;
