-- Which mailbox belongs to which roll number, proved without a password.

create table associations (
    -- in capitals
    roll text constraint associations_pkey primary key,
    -- a linked identity of the person; deleted with it
    provider text not null default 'association'
        constraint associations_provider_check check (provider = 'association'),
    email text not null,
    -- weaker than a full sign-in at the portal: as strong as its procedure for changing a security question
    proof text not null constraint associations_proof_check check (proof = 'erp_question'),
    proved_at timestamptz not null,
    -- whether the person lets apps look it up
    allows_look_ups boolean not null,
    constraint associations_identity_fkey foreign key (provider, roll)
        references linked_identities (provider, subject) on delete cascade
);
create unique index associations_email_key on associations (lower(email));

-- A proof in progress: a text seen in a security question, then a link mailed to the mailbox.
create table association_proofs (
    id uuid constraint association_proofs_pkey primary key,
    roll text not null,
    email text not null,
    -- not secret: anyone can read it once it is in a security question
    verifier text not null,
    -- hash of the cookie of the browser that started it
    browser bytea not null,
    -- the person the identity is linked to; null: the owner of the roll number, or a new person
    person_id integer constraint association_proofs_person_id_fkey references people on delete cascade,
    -- the epoch of the session that began it; without one, the newest of all people. Completing the proof raises it.
    epoch integer not null,
    allows_look_ups boolean not null,
    next text,
    started_at timestamptz not null,
    expires_at timestamptz not null,
    checks integer not null default 0,
    last_check_at timestamptz,
    mails integer not null default 0,
    last_mail_at timestamptz,
    -- the newest mail, whose link is valid
    mail_recipient_id uuid constraint association_proofs_mail_recipient_id_fkey
        references mail_recipients on delete set null,
    question_seen_at timestamptz,
    completed_at timestamptz,
    cancelled_at timestamptz,
    signed_in_at timestamptz,
    constraint association_proofs_order_check check (
        (completed_at is null or question_seen_at is not null)
        and (signed_in_at is null or completed_at is not null)
        and (completed_at is null or cancelled_at is null))
);
create unique index association_proofs_browser_key on association_proofs (browser);
create index association_proofs_roll_idx on association_proofs (roll);
create index association_proofs_mail_recipient_id_idx on association_proofs (mail_recipient_id);
create index association_proofs_person_id_idx on association_proofs (person_id);
create index association_proofs_started_at_idx on association_proofs (started_at);

-- Whether a credential event came after the proof began: of the person who gains the identity, or else of the roll
-- number's owner.
create function is_superseded(proof association_proofs) returns boolean
    language sql stable
    return exists (
        select from people
        where people.epoch > proof.epoch
          and people.id = coalesce(proof.person_id, (
                select person_id from linked_identities where provider = 'association' and subject = proof.roll)));
