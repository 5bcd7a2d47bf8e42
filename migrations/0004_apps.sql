-- OAuth clients (RFC 6749 §2): who owns them, their redirect URIs and their secrets.

create table apps (
    id uuid constraint apps_pkey primary key,
    client_id text not null constraint apps_client_id_key unique,
    owner_id integer not null constraint apps_owner_id_fkey references people on delete cascade,
    name text not null,
    description text not null,
    -- file name below the data folder's pictures
    logo text,
    website text,
    privacy_policy text,
    -- a mail address, shown on the consent page and used as Reply-To of the app's mails
    contact text,
    kind text not null constraint apps_kind_check check (kind in ('confidential', 'public')),
    require_pkce boolean not null,
    -- in the order the developer gave; the first is the default
    redirect_uris text[] not null constraint apps_redirect_uris_check check (cardinality(redirect_uris) > 0),
    -- the origin of each redirect URI, for CORS
    origins text[] not null,
    -- how many people ever connected the app, without its owner: what the cap of unverified apps counts
    user_count integer not null default 0,
    -- since when the app may look up associations, if it may
    looks_up_since timestamptz,
    verified_at timestamptz,
    suspended_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index apps_owner_id_idx on apps (owner_id);
create index apps_origins_idx on apps using gin (origins);

-- Client secrets: generated with 256 random bits, so SHA-256 is enough. Two may be valid at a time, so that they can be
-- rotated without an interruption.
create table app_secrets (
    id uuid constraint app_secrets_pkey primary key,
    app_id uuid not null constraint app_secrets_app_id_fkey references apps on delete cascade,
    hash bytea not null,
    -- the last four characters, to tell two secrets apart
    hint text not null,
    created_at timestamptz not null,
    last_used_at timestamptz
);
create index app_secrets_app_id_idx on app_secrets (app_id);

-- Tokens that stand for an app and for no person: issued for its client credentials (RFC 6749 §4.4), or created on the
-- app's page for programs that keep one token. Only hashes are stored.
create table app_tokens (
    id uuid constraint app_tokens_pkey primary key,
    app_id uuid not null constraint app_tokens_app_id_fkey references apps on delete cascade,
    hash bytea not null constraint app_tokens_hash_key unique,
    scopes text[] not null,
    -- the last four characters of a token created on the page, to tell two of them apart
    hint text,
    created_at timestamptz not null,
    -- null for a token created on the page, which is valid until it is deleted
    expires_at timestamptz,
    last_used_at timestamptz,
    constraint app_tokens_expires_check check ((hint is null) = (expires_at is not null))
);
create index app_tokens_app_id_idx on app_tokens (app_id);
create index app_tokens_expires_at_idx on app_tokens (expires_at);
