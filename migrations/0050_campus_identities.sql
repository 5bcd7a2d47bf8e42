-- Signing in through the campus' own systems.

-- Some providers have two keys for a person. A pair of them never changes: if it does, somebody else
-- was given one of the two.
alter table identities add column twin text;
create unique index identities_provider_twin_key on identities (provider, twin);

-- What was worked out from a roll number, and nobody has looked at yet.
alter table programmes add column is_inferred boolean not null default false;

-- A campus system that said something its adapter does not know. Nobody signs in through it until
-- somebody has looked at it and opens it again.
create table closed_upstreams (
    slug text constraint closed_upstreams_pkey primary key,
    closed_at timestamptz not null,
    -- what was met, in the adapter's words: never anything the other side said
    met text not null
);
