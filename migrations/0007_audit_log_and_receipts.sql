-- Security-relevant events, append-only. Entries name things by id and hold no personal data, so they may outlive the
-- account they are about.
create table audit_log (
    id uuid constraint audit_log_pkey primary key,
    happened_at timestamptz not null,
    -- the person who acted; null for an app, a command or an unknown caller
    actor_id integer,
    action text not null,
    app_id uuid,
    person_id integer,
    detail jsonb not null
);
create index audit_log_happened_at_idx on audit_log (happened_at);
create index audit_log_app_id_idx on audit_log (app_id, happened_at);
create index audit_log_person_id_idx on audit_log (person_id, happened_at);

-- The app's name at the moment a person gave or withdrew consent. The rest of a receipt is in the audit log, which holds no
-- names; this row belongs to the person and is deleted with them.
create table receipts (
    -- id of the audit log entry
    id uuid constraint receipts_pkey primary key,
    person_id integer not null constraint receipts_person_id_fkey references people on delete cascade,
    client_id text not null,
    app_name text not null,
    -- the owner at that moment: the id only, because the owner may be deleted before the receipt
    app_owner_id integer not null
);
create index receipts_person_id_idx on receipts (person_id);
