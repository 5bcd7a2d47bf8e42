-- Validated authorization requests whose consent page is open. The form carries only the row's id, so that nothing in the
-- request can be changed on the way.

create table authorization_requests (
    id uuid constraint authorization_requests_pkey primary key,
    app_id uuid not null constraint authorization_requests_app_id_fkey references apps on delete cascade,
    person_id integer not null constraint authorization_requests_person_id_fkey references people on delete cascade,
    -- the person's epoch when the page was shown
    epoch integer not null,
    redirect_uri text not null,
    -- bytes of the client's own, not necessarily UTF-8
    state bytea,
    code_challenge text,
    scopes text[] not null,
    -- null: a redirect; otherwise the response is handed to the browser's sign-in dialog (FedCM)
    response_mode text
        constraint authorization_requests_response_mode_check check (response_mode in ('fedcm', 'fedcm.query')),
    requested_at timestamptz not null,
    decided_at timestamptz
);
create index authorization_requests_requested_at_idx on authorization_requests (requested_at);
-- A person's open requests are counted when the next one is stored.
create index authorization_requests_person_id_idx on authorization_requests (person_id, requested_at);

-- Authorization requests of people who are not signed in, as they were sent, where the query is too long for the browser to
-- carry it to the sign-in page and back. Anybody can cause a row, so rows are short-lived and limited by address.
create table kept_authorization_requests (
    -- SHA-256 of the name that the browser carries
    hash bytea constraint kept_authorization_requests_pkey primary key
        constraint kept_authorization_requests_hash_check check (octet_length(hash) = 32),
    -- percent-encoded
    query text not null,
    kept_at timestamptz not null
);
create index kept_authorization_requests_kept_at_idx on kept_authorization_requests (kept_at);
