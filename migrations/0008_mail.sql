-- Mail that waits for delivery, and the record of mail that apps sent.

-- Recipients of mail that is not addressed to a person: mailboxes to be proved before an account is linked to them.
create table mail_recipients (
    id uuid constraint mail_recipients_pkey primary key,
    address text not null,
    -- what the mail is about: a roll number
    about text not null,
    -- the secret in the mail, generated at delivery and stored as a hash; null: the mail carries none
    secret_kind text constraint mail_recipients_secret_kind_check check (secret_kind in ('link', 'code')),
    hash bytea constraint mail_recipients_hash_key unique,
    -- when the secret expires
    expires_at timestamptz not null
);
create index mail_recipients_expires_at_idx on mail_recipients (expires_at);

-- Outbox: mail is written in the transaction of the event it reports and delivered by a job. A row holds the template's
-- name and the ids it needs; links and secrets are generated at delivery.
create table outbox (
    id uuid constraint outbox_pkey primary key,
    template text not null,
    person_id integer constraint outbox_person_id_fkey references people on delete cascade,
    mail_recipient_id uuid constraint outbox_mail_recipient_id_fkey references mail_recipients on delete cascade,
    detail jsonb not null,
    queued_at timestamptz not null,
    due_at timestamptz not null,
    attempts integer not null default 0,
    sent_at timestamptz,
    given_up_at timestamptz,
    constraint outbox_recipient_check check (num_nonnulls(person_id, mail_recipient_id) = 1)
);
create index outbox_due_at_idx on outbox (due_at) where sent_at is null and given_up_at is null;
create index outbox_mail_recipient_id_idx on outbox (mail_recipient_id);

-- Mail that apps sent to people: sender, recipient and outcome. Subject and text are never stored.
create table sent_mails (
    id uuid constraint sent_mails_pkey primary key,
    -- with the angle brackets
    message_id text not null constraint sent_mails_message_id_key unique,
    app_id uuid not null constraint sent_mails_app_id_fkey references apps on delete cascade,
    person_id integer not null constraint sent_mails_person_id_fkey references people on delete cascade,
    started_at timestamptz not null,
    -- whether the mail server accepted it; null until it answered
    status boolean,
    -- why not
    error text,
    constraint sent_mails_error_check check (error is null or not status)
);
create index sent_mails_app_id_idx on sent_mails (app_id, started_at);
create index sent_mails_person_id_app_id_idx on sent_mails (person_id, app_id, started_at);
create index sent_mails_started_at_idx on sent_mails (started_at);
