-- When a login with an app is live, said once: it has not ended, the person's grant has not, neither app nor
-- person is suspended, and the person is not about to leave.

create view live_families as
    select families.id
    from families
    join grants on grants.id = families.grant_id
    join apps on apps.id = grants.app_id
    join people on people.id = grants.person_id
    where families.ended_at is null and grants.ended_at is null
      and apps.suspended_at is null and people.suspended_at is null
      and not exists (select from closings where closings.person_id = grants.person_id);

-- Whether a token pair of a live family is live itself.
create function is_live(pair pairs) returns boolean
    language sql immutable
    return num_nonnulls(pair.rotated_at, pair.replaced_at, pair.revoked_at) = 0;
