-- Why requests of an app were refused, for its owner: when, where and the cause. Nothing of the request.

create table app_problems (
    id uuid constraint app_problems_pkey primary key,
    app_id uuid not null constraint app_problems_app_id_fkey references apps on delete cascade,
    at timestamptz not null,
    endpoint text not null constraint app_problems_endpoint_check check (endpoint in ('authorize', 'token', 'revoke')),
    cause text not null
);
-- one row per app, endpoint and cause in a minute
create unique index app_problems_minute_key
    on app_problems (app_id, endpoint, cause, date_bin('1 minute', at, timestamptz '2000-01-01 00:00:00+00'));
create index app_problems_app_id_at_idx on app_problems (app_id, at desc);
create index app_problems_at_idx on app_problems (at);
