-- Which campus system made a person of what it knows; nobody for those whom a list or a command added.
alter table people add column vouched_by text;
-- Not every such system knows names: then they are the person's own to fill in.
alter table people add column names_are_own boolean not null default false;

-- As before, with these two and whether the programme was worked out.
create or replace view whole_people as
select p.id, p.suspended_at, jsonb_build_object(
    'id', p.id,
    'username', p.username,
    'first_name', p.first_name,
    'last_name', p.last_name,
    'email', p.email,
    'type', p.type,
    'is_alumni', p.is_alumni,
    'roll_number', p.roll_number,
    'mobile', p.mobile,
    'sex', p.sex,
    'profile_picture', p.profile_picture,
    'is_admin', p.is_admin,
    'vouched_by', p.vouched_by,
    'names_are_own', p.names_are_own,
    'insti_address', (
        select jsonb_build_object('id', a.id, 'room', a.room, 'hostel', a.hostel,
                                  'hostel_name', coalesce(h.name, a.hostel))
        from addresses a
        left join choices h on h.kind = 'hostel' and h.code = a.hostel
        where a.person_id = p.id),
    'program', (
        select jsonb_build_object('id', g.id,
                                  'department', g.department, 'department_name', coalesce(d.name, g.department),
                                  'join_year', g.join_year, 'graduation_year', g.graduation_year,
                                  'degree', g.degree, 'degree_name', coalesce(e.name, g.degree),
                                  'is_inferred', g.is_inferred)
        from programmes g
        left join choices d on d.kind = 'department' and d.code = g.department
        left join choices e on e.kind = 'degree' and e.code = g.degree
        where g.person_id = p.id),
    'contacts', (
        select coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'number', c.number) order by c.id), '[]')
        from contacts c where c.person_id = p.id),
    'secondary_emails', (
        select coalesce(jsonb_agg(jsonb_build_object('id', s.id, 'email', s.email) order by s.id), '[]')
        from secondary_emails s where s.person_id = p.id and s.verified_at is not null)
) as person
from people p;
