-- Passwords of people who sign in here and not through the campus: argon2id in PHC form.

create table passwords (
    person_id integer constraint passwords_pkey primary key
        constraint passwords_person_id_fkey references people on delete cascade,
    hash text not null,
    set_at timestamptz not null
);
