-- What an app asked for while its consent page is open. The form carries only this row's id, so
-- nothing in it can be changed on the way.

create table authorization_requests (
    id uuid constraint authorization_requests_pkey primary key,
    app_id uuid not null constraint authorization_requests_app_id_fkey references apps on delete cascade,
    person_id integer not null constraint authorization_requests_person_id_fkey references people on delete cascade,
    redirect_uri text not null,
    state text,
    challenge text,
    scopes text[] not null,
    asked_at timestamptz not null,
    decided_at timestamptz
);
create index authorization_requests_asked_at_idx on authorization_requests (asked_at);
