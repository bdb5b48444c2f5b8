-- Finding people, their places, printed cards.

-- What staff look for is looked through in the index alone, one place after another; who left is not found any more.
CREATE INDEX residents_search_idx ON residents (place_code, id) INCLUDE (search) WHERE left_at IS NULL;

-- The number that stands for a WeChat account in the code by which staff link it to a person at the counter.
ALTER TABLE wechat_accounts
    ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY (MAXVALUE 99999999) CONSTRAINT wechat_accounts_number_key UNIQUE;

-- Who showed the statement to somebody who consented at the counter; empty for those who did so on their own phone.
ALTER TABLE consents ADD COLUMN recorded_by uuid;

-- Printed cards, for those who have no phone: at most one of a person is good.
CREATE TABLE cards (
    id uuid NOT NULL,
    resident_id uuid NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY (MAXVALUE 99999999),
    issued_at timestamptz NOT NULL,
    issued_by uuid NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT cards_pkey PRIMARY KEY (id),
    CONSTRAINT cards_number_key UNIQUE (number),
    CONSTRAINT cards_resident_id_fkey FOREIGN KEY(resident_id) REFERENCES residents (id)
);
CREATE UNIQUE INDEX cards_live_idx ON cards (resident_id) WHERE revoked_at IS NULL;
CREATE INDEX cards_resident_id_idx ON cards (resident_id);

GRANT SELECT, INSERT ON cards TO defen_app;
GRANT UPDATE (revoked_at) ON cards TO defen_app;
