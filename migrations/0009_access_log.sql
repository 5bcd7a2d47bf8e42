-- Which app read which fields of whom, and when. Field names only, never values.

create table field_reads (
    person_id integer not null constraint field_reads_person_id_fkey references people on delete cascade,
    app_id uuid not null constraint field_reads_app_id_fkey references apps on delete cascade,
    fields text[] not null,
    -- repetitions within a second are counted in one row
    read_count integer not null,
    -- the last of them
    read_at timestamptz not null
);
create index field_reads_person_id_app_id_idx on field_reads (person_id, app_id, read_at);
create index field_reads_app_id_idx on field_reads (app_id);
create index field_reads_read_at_idx on field_reads (read_at);

-- Up to which moment each running process has flushed its reads.
create table access_log_processes (
    id uuid constraint access_log_processes_pkey primary key,
    complete_up_to timestamptz not null
);
