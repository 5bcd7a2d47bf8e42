-- Who wants to leave, and since when. Seven days later everything about them is deleted; until then
-- no app reads anything, and they can change their mind.

create table closings (
    person_id integer constraint closings_pkey primary key
        constraint closings_person_id_fkey references people on delete cascade,
    asked_at timestamptz not null
);
create index closings_asked_at_idx on closings (asked_at);
