-- The ledger. Rows are written once: a status is known when the row is made.
CREATE TABLE transactions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    amount numeric(12, 2) NOT NULL CHECK (amount > 0),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    description text NOT NULL DEFAULT '',
    status text NOT NULL CHECK (status IN ('pending', 'completed', 'failed')),
    created_at timestamptz NOT NULL DEFAULT now(),
    -- The client's Idempotency-Key. It lives in the row, so key and row are one write.
    idempotency_key text UNIQUE
);

-- Serves the list with a status filter; the list without one walks the primary key.
CREATE INDEX transactions_by_status ON transactions (status, id DESC);
