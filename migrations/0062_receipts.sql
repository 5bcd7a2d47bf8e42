-- What an app was called when somebody allowed it something, or took it back. The rest of a receipt stands in the audit,
-- which knows no names; this is the person's own, and goes with them.

create table receipts (
    -- of the entry in the audit
    id uuid constraint receipts_pkey primary key,
    person_id integer not null constraint receipts_person_id_fkey references people on delete cascade,
    client_id text not null,
    app_name text not null,
    -- who looked after it: their number and no more, because they may leave before
    run_by integer not null
);
create index receipts_person_id_idx on receipts (person_id);

-- Of what was agreed before, the names of today are all there is.
insert into receipts (id, person_id, client_id, app_name, run_by)
select audit.id, people.id, apps.client_id, apps.name, apps.owner_id
from audit
join people on people.id = audit.person_id
join apps on apps.id = audit.app_id
where audit.action in ('grant.given', 'grant.withdrawn', 'grant.taken_back');
