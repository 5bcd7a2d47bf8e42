-- Letters waiting to go out, written in the transaction of the event they tell of. A letter is its
-- template's name and the ids it needs; links and secrets are made when it is delivered.

create table outbox (
    id uuid constraint outbox_pkey primary key,
    template text not null,
    person_id integer not null constraint outbox_person_id_fkey references people on delete cascade,
    detail jsonb not null,
    written_at timestamptz not null,
    due_at timestamptz not null,
    attempts integer not null default 0,
    sent_at timestamptz,
    given_up_at timestamptz
);
create index outbox_due_at_idx on outbox (due_at) where sent_at is null and given_up_at is null;
