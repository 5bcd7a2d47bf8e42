-- Who is signed in where. The browser holds the session's id; here lies only its SHA-256.

create table sessions (
    fingerprint bytea constraint sessions_pkey primary key,
    person_id integer constraint sessions_person_id_fkey references people on delete cascade,
    data jsonb not null,
    began_at timestamptz not null,
    last_seen_at timestamptz not null,
    -- the end however much it is used
    ends_at timestamptz not null,
    -- the end when it is not used
    idle_seconds integer not null
);
create index sessions_person_id_idx on sessions (person_id);
create index sessions_ends_at_idx on sessions (ends_at);
