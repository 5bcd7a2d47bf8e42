-- When a session is alive, said once: neither at its end nor unused for too long.

create function is_live(session sessions, at timestamptz) returns boolean
    language sql stable
    return session.ends_at > at
        and session.last_seen_at + make_interval(secs => session.idle_seconds) > at;
