-- The campus apps: who made them, where they may be answered, how they prove themselves.

create table apps (
    id uuid constraint apps_pkey primary key,
    client_id text not null constraint apps_client_id_key unique,
    owner_id integer not null constraint apps_owner_id_fkey references people on delete cascade,
    name text not null,
    description text not null,
    -- file name under the data folder's pictures
    logo text,
    website text,
    privacy_policy text,
    -- shown on the consent page; where answers to the app's mails go
    contact text,
    kind text not null constraint apps_kind_check check (kind in ('confidential', 'public')),
    require_pkce boolean not null,
    -- in the order the developer gave them: the first is the default
    redirect_uris text[] not null constraint apps_redirect_uris_check check (cardinality(redirect_uris) > 0),
    -- scheme and host of each redirect URI, for browsers that ask across origins
    origins text[] not null,
    -- how many people were ever admitted, the owner not counted: what the cap of an unverified app counts
    admitted integer not null default 0,
    verified_at timestamptz,
    suspended_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index apps_owner_id_idx on apps (owner_id);
create index apps_origins_idx on apps using gin (origins);

-- Client secrets: made by us with 256 bits of chance, so SHA-256 is enough. Two may live, so that
-- a developer can change them without a gap.
create table app_secrets (
    id uuid constraint app_secrets_pkey primary key,
    app_id uuid not null constraint app_secrets_app_id_fkey references apps on delete cascade,
    fingerprint bytea not null,
    -- the last four characters, to tell two secrets apart
    hint text not null,
    created_at timestamptz not null,
    last_used_at timestamptz
);
create index app_secrets_app_id_idx on app_secrets (app_id);
