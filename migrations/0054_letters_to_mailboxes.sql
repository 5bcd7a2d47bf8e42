-- Letters to a mailbox that is nobody's yet, to see whether it is read before anybody is given it.

create table addressees (
    id uuid constraint addressees_pkey primary key,
    address text not null,
    -- in the letter's words: a roll number
    about text not null,
    -- made when the letter goes out, and kept as a hash only; null: the letter only tells something
    carries text constraint addressees_carries_check check (carries in ('link', 'code')),
    fingerprint bytea constraint addressees_fingerprint_key unique,
    -- after which what it carries is good for nothing
    until timestamptz not null
);
create index addressees_until_idx on addressees (until);

-- A letter goes to a person or to a mailbox.
alter table outbox alter column person_id drop not null;
alter table outbox add column addressee_id uuid
    constraint outbox_addressee_id_fkey references addressees on delete cascade;
alter table outbox add constraint outbox_reader_check check (num_nonnulls(person_id, addressee_id) = 1);
create index outbox_addressee_id_idx on outbox (addressee_id);
