CREATE TABLE IF NOT EXISTS public.items (
    id bigint PRIMARY KEY,
    name text NOT NULL,
    stock integer NOT NULL
);
