-- What people allowed apps, and the codes and tokens issued for it.

-- What a person allowed an app. There is one live grant per person and app. An ended one stays: it remembers what was
-- refused, and its tokens must stay invalid when the person connects the app again.
create table grants (
    id uuid constraint grants_pkey primary key,
    person_id integer not null constraint grants_person_id_fkey references people on delete cascade,
    app_id uuid not null constraint grants_app_id_fkey references apps on delete cascade,
    scopes text[] not null,
    fields text[] not null,
    refused_scopes text[] not null,
    refused_fields text[] not null,
    granted_at timestamptz not null,
    changed_at timestamptz not null,
    last_used_at timestamptz,
    -- when the person last got a mail about a replayed token
    replay_mailed_at timestamptz,
    ended_at timestamptz
);
create unique index grants_live_key on grants (person_id, app_id) where ended_at is null;
create index grants_person_id_app_id_idx on grants (person_id, app_id, granted_at desc);
create index grants_app_id_idx on grants (app_id);

-- A token family is everything that descends from one authorization code. A token pair is an access token and the refresh
-- token issued with it. Only SHA-256 hashes of codes and tokens are stored.
create table token_families (
    id uuid constraint token_families_pkey primary key,
    grant_id uuid not null constraint token_families_grant_id_fkey references grants on delete cascade,
    -- the access granted when the code was issued; a refresh never returns more
    scopes text[] not null,
    fields text[] not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    end_reason text constraint token_families_end_reason_check check (end_reason in (
        'code_replayed', 'token_replayed', 'password_changed', 'revoked')),
    constraint token_families_end_check check ((ended_at is null) = (end_reason is null))
);
create index token_families_grant_id_idx on token_families (grant_id);

create table authorization_codes (
    hash bytea constraint authorization_codes_pkey primary key,
    family_id uuid not null constraint authorization_codes_family_id_key unique
        constraint authorization_codes_family_id_fkey references token_families on delete cascade,
    -- the person's epoch when the code was issued
    epoch integer not null,
    redirect_uri text not null,
    -- S256 (RFC 7636), or null when the client sent none
    code_challenge text,
    issued_at timestamptz not null,
    used_at timestamptz
);
create index authorization_codes_issued_at_idx on authorization_codes (issued_at);

create table token_pairs (
    id uuid constraint token_pairs_pkey primary key,
    family_id uuid not null constraint token_pairs_family_id_fkey references token_families on delete cascade,
    access_token_hash bytea not null constraint token_pairs_access_token_hash_key unique,
    refresh_token_hash bytea not null constraint token_pairs_refresh_token_hash_key unique,
    scopes text[] not null,
    fields text[] not null,
    issued_at timestamptz not null,
    -- when either token was first presented
    used_at timestamptz,
    -- when its refresh token was exchanged for a successor
    rotated_at timestamptz,
    successor_id uuid,
    constraint token_pairs_rotated_check check ((rotated_at is null) = (successor_id is null))
);
create index token_pairs_family_id_idx on token_pairs (family_id);

-- Families whose tokens may be used: neither the family nor the grant has ended, neither the app nor the person is
-- suspended, and the person is not closing the account.
create view live_token_families as
    select token_families.id
    from token_families
    join grants on grants.id = token_families.grant_id
    join apps on apps.id = grants.app_id
    join people on people.id = grants.person_id
    where token_families.ended_at is null and grants.ended_at is null
      and apps.suspended_at is null and people.suspended_at is null
      and not exists (select from account_closures where account_closures.person_id = grants.person_id);

-- Whether a token pair of a live family is the newest of its line.
create function is_live(pair token_pairs) returns boolean
    language sql immutable
    return pair.rotated_at is null;
