-- What a person has allowed an app. One live grant per person and app; an ended one stays, because it
-- remembers what was refused, and because its tokens must stay dead when the person connects again.

create table grants (
    id uuid constraint grants_pkey primary key,
    person_id integer not null constraint grants_person_id_fkey references people on delete cascade,
    app_id uuid not null constraint grants_app_id_fkey references apps on delete cascade,
    scopes text[] not null,
    fields text[] not null,
    refused_scopes text[] not null,
    refused_fields text[] not null,
    given_at timestamptz not null,
    changed_at timestamptz not null,
    last_used_at timestamptz,
    ended_at timestamptz
);
create unique index grants_live_key on grants (person_id, app_id) where ended_at is null;
create index grants_person_id_app_id_idx on grants (person_id, app_id, given_at desc);
create index grants_app_id_idx on grants (app_id);
