-- Which mailbox belongs to which roll number, proved without a password.

create table associations (
    -- in capitals
    roll text constraint associations_pkey primary key,
    -- a way to sign in of the person it belongs to, and gone with it
    provider text not null default 'association'
        constraint associations_provider_check check (provider = 'association'),
    email text not null,
    -- weaker than a full sign-in there: as strong as the portal's way to change a security question
    proof text not null constraint associations_proof_check check (proof = 'erp_question'),
    proved_at timestamptz not null,
    -- the person's own word on whether apps may look it up
    allows_look_ups boolean not null,
    constraint associations_identity_fkey foreign key (provider, roll)
        references identities (provider, subject) on delete cascade
);
create unique index associations_email_key on associations (lower(email));

-- A proof while it is made: a text seen in a security question, then a link mailed to the mailbox.
create table association_proofs (
    id uuid constraint association_proofs_pkey primary key,
    roll text not null,
    email text not null,
    -- shown, and public once it stands in a question
    verifier text not null,
    -- hash of the cookie of the browser that began it
    browser bytea not null,
    -- who gains a way to sign in; none: whoever the roll number belongs to, or somebody new
    person_id integer constraint association_proofs_person_id_fkey references people on delete cascade,
    allows_look_ups boolean not null,
    next text,
    begun_at timestamptz not null,
    expires_at timestamptz not null,
    checks integer not null default 0,
    last_check_at timestamptz,
    mails integer not null default 0,
    last_mail_at timestamptz,
    -- the newest letter, whose link counts
    addressee_id uuid constraint association_proofs_addressee_id_fkey
        references addressees on delete set null,
    question_seen_at timestamptz,
    completed_at timestamptz,
    cancelled_at timestamptz,
    entered_at timestamptz,
    constraint association_proofs_order_check check (
        (completed_at is null or question_seen_at is not null)
        and (entered_at is null or completed_at is not null)
        and (completed_at is null or cancelled_at is null))
);
create unique index association_proofs_browser_key on association_proofs (browser);
create index association_proofs_roll_idx on association_proofs (roll);
create index association_proofs_addressee_id_idx on association_proofs (addressee_id);
create index association_proofs_person_id_idx on association_proofs (person_id);
create index association_proofs_begun_at_idx on association_proofs (begun_at);

-- Apps that may look associations up, since when, and with what they prove themselves there.
alter table apps add column looks_up_since timestamptz;

create table look_up_tokens (
    id uuid constraint look_up_tokens_pkey primary key,
    app_id uuid not null constraint look_up_tokens_app_id_fkey references apps on delete cascade,
    fingerprint bytea not null constraint look_up_tokens_fingerprint_key unique,
    -- the last four characters, to tell two tokens apart
    hint text not null,
    created_at timestamptz not null,
    last_used_at timestamptz
);
create index look_up_tokens_app_id_idx on look_up_tokens (app_id);
