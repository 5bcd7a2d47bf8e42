-- The mails apps sent to people: that there was one, between whom, and how it ended. What it said is
-- nowhere.

create table sent_mails (
    id uuid constraint sent_mails_pkey primary key,
    -- as it stands in the mail, in angle brackets
    message_id text not null constraint sent_mails_message_id_key unique,
    app_id uuid not null constraint sent_mails_app_id_fkey references apps on delete cascade,
    person_id integer not null constraint sent_mails_person_id_fkey references people on delete cascade,
    began_at timestamptz not null,
    -- whether the mail server took it; null while it is asked
    status boolean,
    -- why it did not
    error text,
    constraint sent_mails_error_check check (error is null or not status)
);
create index sent_mails_app_id_idx on sent_mails (app_id, began_at);
create index sent_mails_person_id_app_id_idx on sent_mails (person_id, app_id, began_at);
create index sent_mails_began_at_idx on sent_mails (began_at);
