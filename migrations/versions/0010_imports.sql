-- Imports: people from a spreadsheet, checked first, then all of them or none.

-- The lines themselves are encrypted, and dropped as soon as they are not needed; `report` names lines and columns only.
CREATE TABLE imports (
    id uuid NOT NULL,
    community_code text NOT NULL,
    by_id uuid NOT NULL,
    filename text NOT NULL,
    digest bytea NOT NULL,
    status text NOT NULL,
    total bigint NOT NULL,
    done bigint NOT NULL,
    added bigint NOT NULL,
    known bigint NOT NULL,
    report jsonb NOT NULL,
    lines_sealed text,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    CONSTRAINT imports_pkey PRIMARY KEY (id),
    CONSTRAINT imports_community_code_fkey FOREIGN KEY(community_code) REFERENCES divisions (code),
    CONSTRAINT imports_by_id_fkey FOREIGN KEY(by_id) REFERENCES staff (id),
    CONSTRAINT imports_status_check CHECK (status IN ('checked', 'refused', 'applying', 'done', 'failed')),
    CONSTRAINT imports_lines_check CHECK ((lines_sealed IS NOT NULL) = (status IN ('checked', 'applying', 'failed'))),
    CONSTRAINT imports_done_check CHECK (done BETWEEN 0 AND total)
);
CREATE INDEX imports_community_code_id_idx ON imports (community_code, id);
CREATE INDEX imports_due_idx ON imports (id) WHERE status = 'applying';
CREATE INDEX imports_created_at_idx ON imports (created_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON imports TO defen_app;

-- Those who came before there was a search, until the worker has made them findable.
CREATE INDEX residents_undescribed_idx ON residents (id) WHERE search = '' AND left_at IS NULL;
