-- Links that were mailed to an address somebody added, to see whether they read it. Made when the letter
-- goes out and kept as a hash, so whoever reads this table cannot confirm anything.

create table email_proofs (
    fingerprint bytea constraint email_proofs_pkey primary key,
    secondary_email_id integer not null constraint email_proofs_secondary_email_id_fkey
        references secondary_emails on delete cascade,
    expires_at timestamptz not null
);
create index email_proofs_secondary_email_id_idx on email_proofs (secondary_email_id);
