-- Codes and tokens. A family is everything that descends from one code; a pair is an access token and
-- the refresh token born with it. Only SHA-256 fingerprints of what clients hold are kept.

create table families (
    id uuid constraint families_pkey primary key,
    grant_id uuid not null constraint families_grant_id_fkey references grants on delete cascade,
    -- what was agreed when the code was issued: no refresh ever returns more
    scopes text[] not null,
    fields text[] not null,
    began_at timestamptz not null,
    ended_at timestamptz,
    end_reason text constraint families_end_reason_check check (end_reason in ('code_replayed', 'token_replayed', 'password_changed')),
    constraint families_end_check check ((ended_at is null) = (end_reason is null))
);
create index families_grant_id_idx on families (grant_id);

create table codes (
    fingerprint bytea constraint codes_pkey primary key,
    family_id uuid not null constraint codes_family_id_key unique
        constraint codes_family_id_fkey references families on delete cascade,
    redirect_uri text not null,
    -- S256 (RFC 7636), or null when the client sent none
    challenge text,
    issued_at timestamptz not null,
    used_at timestamptz
);
create index codes_issued_at_idx on codes (issued_at);

create table pairs (
    id uuid constraint pairs_pkey primary key,
    family_id uuid not null constraint pairs_family_id_fkey references families on delete cascade,
    access_fingerprint bytea not null constraint pairs_access_fingerprint_key unique,
    refresh_fingerprint bytea not null constraint pairs_refresh_fingerprint_key unique,
    scopes text[] not null,
    fields text[] not null,
    issued_at timestamptz not null,
    -- when either of its tokens was first presented
    used_at timestamptz,
    -- a pair ends in one of three ways: its refresh token was traded for a successor,
    -- the answer that carried it was lost and another pair took its place, or it was revoked
    rotated_at timestamptz,
    successor_id uuid,
    replaced_at timestamptz,
    revoked_at timestamptz,
    constraint pairs_rotated_check check ((rotated_at is null) = (successor_id is null)),
    constraint pairs_one_end_check check (num_nonnulls(rotated_at, replaced_at) <= 1)
);
create index pairs_family_id_idx on pairs (family_id);
