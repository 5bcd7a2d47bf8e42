-- Whether what a provider says of an identity is written into the person it belongs to. It is for whom
-- the provider made the person, or the administrator's list did. One that somebody linked themselves is
-- a way in and no more: whoever finds a browser open could otherwise bring their own name and mail
-- address into the account, and the notice of it would go to them.
alter table identities add column vouches boolean not null default true;
