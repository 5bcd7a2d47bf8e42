-- How the answer to an open consent page reaches the app: by a redirect, or handed to the browser,
-- in whose sign-in dialog (FedCM) the page stands.

alter table authorization_requests
    add column response_mode text
        constraint authorization_requests_response_mode_check
        check (response_mode in ('fedcm', 'fedcm.query'));
