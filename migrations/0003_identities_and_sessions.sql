-- How people sign in, and where they are signed in.

-- An identity at a provider that signs a person in. Only (provider, subject) identifies; equal mail addresses or roll
-- numbers at two providers link nothing.
create table linked_identities (
    provider text not null,
    subject text not null,
    person_id integer not null constraint linked_identities_person_id_fkey references people on delete cascade,
    -- the provider's second key for the same account, where it has one. The pair never changes: if it does, one of the two
    -- was given to another account, and the sign-in is refused.
    stable_id text,
    -- whether the provider's claims update the person's record: true for the identity the person was created from, false
    -- for one linked later. Otherwise somebody at an unattended browser could link their own account and overwrite the name
    -- and mail address, and the notice would go to them.
    is_authoritative boolean not null default true,
    linked_at timestamptz not null,
    last_used_at timestamptz,
    constraint linked_identities_pkey primary key (provider, subject)
);
create index linked_identities_person_id_idx on linked_identities (person_id);
create unique index linked_identities_provider_stable_id_key on linked_identities (provider, stable_id);

-- Local passwords: argon2id in PHC string format.
create table passwords (
    person_id integer constraint passwords_pkey primary key
        constraint passwords_person_id_fkey references people on delete cascade,
    hash text not null,
    set_at timestamptz not null
);

-- Browser sessions. The cookie holds the session id; this table holds its SHA-256 hash.
create table sessions (
    hash bytea constraint sessions_pkey primary key,
    person_id integer not null constraint sessions_person_id_fkey references people on delete cascade,
    -- the person's epoch; a session with another one is over
    epoch integer not null,
    data jsonb not null,
    started_at timestamptz not null,
    last_seen_at timestamptz not null,
    -- absolute timeout
    ends_at timestamptz not null,
    -- idle timeout
    idle_seconds integer not null
);
create index sessions_person_id_idx on sessions (person_id);
create index sessions_ends_at_idx on sessions (ends_at);

-- Whether a session is neither past its absolute nor past its idle timeout.
create function is_live(session sessions, at timestamptz) returns boolean
    language sql stable
    return session.ends_at > at
        and session.last_seen_at + make_interval(secs => session.idle_seconds) > at;

-- Connectors whose circuit breaker opened because their upstream answered something unknown. Nobody signs in through one
-- until an operator has looked at it and opens it again (`profiles upstream open`).
create table disabled_connectors (
    slug text constraint disabled_connectors_pkey primary key,
    disabled_at timestamptz not null,
    -- in the connector's own words, never a quotation of the upstream
    reason text not null
);
