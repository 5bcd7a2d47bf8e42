-- Which app read which fields of whom, and when. Names of fields only, never what was in them.

create table readings (
    person_id integer not null constraint readings_person_id_fkey references people on delete cascade,
    app_id uuid not null constraint readings_app_id_fkey references apps on delete cascade,
    fields text[] not null,
    -- the same reading again within a second is counted, not repeated
    times integer not null,
    -- the last of them
    read_at timestamptz not null
);
create index readings_person_id_app_id_idx on readings (person_id, app_id, read_at);
create index readings_app_id_idx on readings (app_id);
create index readings_read_at_idx on readings (read_at);

-- How far each running process has written down what it let be read.
create table ledger_processes (
    id uuid constraint ledger_processes_pkey primary key,
    complete_up_to timestamptz not null
);
