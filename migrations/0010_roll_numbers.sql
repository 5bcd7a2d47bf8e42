-- How to derive department, degree and years from a roll number of IIT Kharagpur. Rows instead of code: there is no official
-- source, and a campus corrects them without a release. Derived values are marked as such in the profile.

create table roll_classes (
    -- the fifth character
    class text not null constraint roll_classes_class_check check (class ~ '^[0-9A-Z]$'),
    -- empty: in every department that has no row of its own
    department text not null default '' constraint roll_classes_department_check check (department ~ '^([A-Z]{2})?$'),
    -- a degree code of choices, or one without a name
    degree text,
    -- null: no fixed duration
    years integer constraint roll_classes_years_check check (years between 1 and 9),
    type text not null,
    constraint roll_classes_pkey primary key (class, department)
);

insert into roll_classes (class, department, degree, years, type) values
    ('1', '', 'BTECH', 4, 'ug'),
    ('1', 'AR', 'BARCH', 5, 'ug'),
    ('2', '', 'FYIMSC', 5, 'ug'),
    ('3', '', 'DD', 5, 'dd'),
    ('4', '', 'TYMSC', 2, 'pg'),
    ('6', '', 'MTECH', 2, 'pg'),
    ('7', '', 'MSCBR', null, 'pg'),
    ('9', '', 'PHD', null, 'rs');

-- Department codes that differ between roll numbers and choices.
create table roll_departments (
    code text not null constraint roll_departments_code_check check (code ~ '^[A-Z]{2}$'),
    department text not null,
    constraint roll_departments_pkey primary key (code)
);

insert into roll_departments (code, department) values
    ('CH', 'CHE'),
    ('IM', 'ISE');

-- Names for these codes. Retired, so that they are not offered until an operator adds them (`profiles choice add`): most
-- campuses have other departments.
insert into choices (kind, code, name, position, has_wings, retired_at) values
    ('department', 'AG', 'Agricultural and Food Engineering', 101, false, '2026-11-21 00:00:00+00'),
    ('department', 'AR', 'Architecture and Regional Planning', 102, false, '2026-11-21 00:00:00+00'),
    ('department', 'BM', 'School of Management', 103, false, '2026-11-21 00:00:00+00'),
    ('department', 'BT', 'Biotechnology', 104, false, '2026-11-21 00:00:00+00'),
    ('department', 'CE', 'Civil Engineering', 105, false, '2026-11-21 00:00:00+00'),
    ('department', 'CS', 'Computer Science and Engineering', 106, false, '2026-11-21 00:00:00+00'),
    ('department', 'CY', 'Chemistry', 107, false, '2026-11-21 00:00:00+00'),
    ('department', 'EC', 'Electronics and Electrical Communication Engineering', 108, false, '2026-11-21 00:00:00+00'),
    ('department', 'EX', 'Exploration Geophysics', 109, false, '2026-11-21 00:00:00+00'),
    ('department', 'GG', 'Geology and Geophysics', 110, false, '2026-11-21 00:00:00+00'),
    ('department', 'HS', 'Humanities and Social Sciences', 111, false, '2026-11-21 00:00:00+00'),
    ('department', 'IE', 'Instrumentation Engineering', 112, false, '2026-11-21 00:00:00+00'),
    ('department', 'IP', 'Intellectual Property Law', 113, false, '2026-11-21 00:00:00+00'),
    ('department', 'ISE', 'Industrial and Systems Engineering', 114, false, '2026-11-21 00:00:00+00'),
    ('department', 'MA', 'Mathematics', 115, false, '2026-11-21 00:00:00+00'),
    ('department', 'MF', 'Manufacturing Science and Engineering', 116, false, '2026-11-21 00:00:00+00'),
    ('department', 'MI', 'Mining Engineering', 117, false, '2026-11-21 00:00:00+00'),
    ('department', 'MT', 'Metallurgical and Materials Engineering', 118, false, '2026-11-21 00:00:00+00'),
    ('department', 'NA', 'Ocean Engineering and Naval Architecture', 119, false, '2026-11-21 00:00:00+00'),
    ('degree', 'BARCH', 'Bachelor of Architecture', 101, false, '2026-11-21 00:00:00+00')
on conflict on constraint choices_pkey do nothing;
