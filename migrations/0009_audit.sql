-- Who did what to what, and when. Entries are only ever added. They name things by their ids and
-- hold no personal data, so they may outlive the account they speak of.

create table audit (
    id uuid constraint audit_pkey primary key,
    happened_at timestamptz not null,
    -- the person who acted; null when an app, the command line or nobody known did
    actor_id integer,
    action text not null,
    app_id uuid,
    person_id integer,
    detail jsonb not null
);
create index audit_happened_at_idx on audit (happened_at);
create index audit_app_id_idx on audit (app_id, happened_at);
create index audit_person_id_idx on audit (person_id, happened_at);
