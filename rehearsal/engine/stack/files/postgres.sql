-- The ledger of the MySQL sources, and tables for what only PostgreSQL has: values out of line, its own types, rows
-- that move between partitions. Its deletes contain the whole row, like MySQL's, not only the key.
ALTER TABLE testdb.retail_trans REPLICA IDENTITY FULL;

CREATE SCHEMA IF NOT EXISTS shop;
CREATE TABLE IF NOT EXISTS shop.ledger (
    account_id BIGINT NOT NULL,
    entry_no INT NOT NULL,
    amount NUMERIC(30,10) NOT NULL,
    fee NUMERIC(10,2) DEFAULT NULL,
    booked_on DATE NOT NULL,
    booked_at TIMESTAMP(6) NOT NULL,
    holder VARCHAR(80) DEFAULT NULL,
    details JSONB DEFAULT NULL,
    PRIMARY KEY (account_id, entry_no)
);

DO $$ BEGIN
    CREATE TYPE shop.mood AS ENUM ('calm', 'it''s', '기쁨');
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;
CREATE TABLE IF NOT EXISTS shop.notes (
    id UUID PRIMARY KEY,
    title TEXT,
    body TEXT,
    mood shop.mood,
    price NUMERIC(20,6),
    quantity BIGINT,
    paid BOOLEAN,
    tags TEXT[],
    details JSONB,
    plain JSON,
    raw BYTEA,
    wait INTERVAL,
    noted_at TIMESTAMPTZ,
    noted_on DATE,
    opens TIME
);

CREATE TABLE IF NOT EXISTS shop.parcels (
    id BIGINT,
    year INT,
    content TEXT,
    PRIMARY KEY (id, year)
) PARTITION BY LIST (year);
CREATE TABLE IF NOT EXISTS shop.parcels_2025 PARTITION OF shop.parcels FOR VALUES IN (2025);
CREATE TABLE IF NOT EXISTS shop.parcels_2026 PARTITION OF shop.parcels FOR VALUES IN (2026);
