-- A whole person as one JSON value: every column of people but its times, so that a new column needs no new view, and
-- the tables beside it. One statement can find a token, its app and everything the token may show. Names of choices
-- stand beside their codes; a code that is not among the choices is its own name.
create or replace view whole_people as
select p.id, p.suspended_at,
    to_jsonb(p) - array['created_at', 'updated_at', 'suspended_at'] || jsonb_build_object(
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
