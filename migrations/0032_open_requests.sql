-- A person's open requests are counted when the next one is kept.

create index authorization_requests_person_id_idx on authorization_requests (person_id, asked_at);
