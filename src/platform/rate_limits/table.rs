//! Every rate limit of the program. `SECURITY.md` has the same table, which a test compares.

use std::time::Duration;

use super::{RateLimit, WindowLimit};

const fn bucket(of: &'static str, burst: u32, every: Duration) -> RateLimit {
    RateLimit { of, burst, every }
}

const fn window(of: &'static str, count: usize, span: Duration) -> WindowLimit {
    WindowLimit { of, count, span }
}

// Sign-in
pub const LOGIN_ACCOUNT_FROM_ADDRESS: RateLimit = bucket(
    "failed sign-ins to one account from one address",
    10,
    Duration::from_mins(1),
);
pub const LOGIN_ACCOUNT: RateLimit = bucket(
    "failed sign-ins to one account by strangers, from anywhere",
    10,
    Duration::from_secs(30),
);
pub const LOGIN_KNOWN_BROWSER: RateLimit = bucket(
    "failed sign-ins to one account in a browser that signed in to it before",
    10,
    Duration::from_secs(30),
);
pub const LOGIN_ADDRESS: RateLimit = bucket(
    "failed sign-ins from one address, whatever the account",
    60,
    Duration::from_secs(3),
);
pub const LOGIN_STARTS: RateLimit = bucket(
    "sign-ins begun from one address that ask an upstream",
    60,
    Duration::from_secs(3),
);
pub const LOGIN_AUDIT: RateLimit = bucket(
    "audit entries about refused sign-ins to one account from one address",
    1,
    Duration::from_mins(1),
);
pub const LOGIN_AUDIT_FROM_ADDRESS: RateLimit = bucket(
    "audit entries about refused sign-ins from one address",
    10,
    Duration::from_mins(1),
);

// Connectors
pub const MAILED_CODES: RateLimit = bucket(
    "codes mailed for one roll number, by strangers and by known browsers each",
    5,
    Duration::from_mins(30),
);
pub const MAILED_CODES_FROM_ADDRESS: RateLimit = bucket(
    "codes requested from one address",
    60,
    Duration::from_mins(1),
);
pub const JIIT_CAPTCHAS: RateLimit = bucket(
    "captchas fetched from the JIIT portal for one address",
    30,
    Duration::from_secs(20),
);
pub const JIIT_PASSWORDS: RateLimit = bucket(
    "passwords checked at the JIIT portal for one account, by strangers and by known browsers each",
    5,
    Duration::from_mins(12),
);
pub const JIIT_PASSWORDS_FROM_ADDRESS: RateLimit = bucket(
    "passwords checked at the JIIT portal for one address",
    20,
    Duration::from_mins(3),
);
pub const ERP_QUESTIONS: WindowLimit = window(
    "security questions fetched from the ERP for one address",
    10,
    Duration::from_mins(10),
);
pub const ERP_CODES: WindowLimit = window(
    "codes mailed by the ERP for one roll number, by strangers and by known browsers each",
    6,
    Duration::from_hours(1),
);
pub const ERP_CODE_INTERVAL: WindowLimit = window(
    "codes mailed by the ERP for one roll number, close together",
    1,
    Duration::from_mins(1),
);
pub const ERP_CODES_FROM_ADDRESS: WindowLimit = window(
    "codes mailed by the ERP for one address",
    20,
    Duration::from_hours(1),
);
pub const ERP_FAILURES: WindowLimit = window(
    "wrong passwords and answers at the ERP for one roll number, by strangers and by known browsers each",
    5,
    Duration::from_hours(1),
);
pub const ERP_FAILURES_FROM_ADDRESS: WindowLimit = window(
    "wrong passwords and answers at the ERP for one address",
    20,
    Duration::from_hours(1),
);

// Proofs of a mailbox, and look-ups
pub const PROOFS_FROM_ADDRESS: RateLimit = bucket(
    "proofs of a mailbox begun from one address",
    10,
    Duration::from_mins(1),
);
pub const ERP_PROOF_REQUESTS: RateLimit = bucket(
    "requests to the ERP for all proofs together",
    20,
    Duration::from_secs(3),
);
pub const LOOK_UPS: RateLimit = bucket("look-ups by one app", 120, Duration::from_secs(1));
pub const LOOK_UP_MISSES: RateLimit = bucket(
    "look-ups by one app without a result",
    20,
    Duration::from_mins(1),
);
pub const LOOK_UP_INVALID_TOKENS: RateLimit = bucket(
    "look-ups from one address with an invalid token",
    20,
    Duration::from_secs(3),
);

// Profile
pub const CONFIRMATIONS_BY_PERSON: RateLimit = bucket(
    "confirmation links mailed by one person",
    10,
    Duration::from_mins(10),
);
pub const CONFIRMATIONS_TO_ADDRESS: RateLimit = bucket(
    "confirmation links mailed to one address",
    3,
    Duration::from_mins(10),
);

// OAuth
pub const CLIENT_AUTHENTICATION: RateLimit = bucket(
    "failed authentications of one client, from any address",
    30,
    Duration::from_secs(2),
);
pub const CLIENT_AUTHENTICATION_FROM_ADDRESS: RateLimit = bucket(
    "failed authentications from one address, as any client",
    60,
    Duration::from_secs(1),
);
/// Beyond it the browser carries the request, which only fails behind a proxy with small buffers.
pub const KEPT_REQUESTS: RateLimit = bucket(
    "long authorization requests kept for one address",
    200,
    Duration::from_secs(18),
);
pub const FOREIGN_CODE_AUDIT: RateLimit = bucket(
    "audit entries about codes of other apps that one app presents",
    1,
    Duration::from_mins(1),
);
pub const PROBLEMS: RateLimit = bucket(
    "rows kept for an app’s owner about one cause of refusals",
    1,
    Duration::from_mins(1),
);

#[cfg(test)]
mod tests {
    use super::*;

    const BUCKETS: &[RateLimit] = &[
        LOGIN_ACCOUNT_FROM_ADDRESS,
        LOGIN_ACCOUNT,
        LOGIN_KNOWN_BROWSER,
        LOGIN_ADDRESS,
        LOGIN_STARTS,
        LOGIN_AUDIT,
        LOGIN_AUDIT_FROM_ADDRESS,
        MAILED_CODES,
        MAILED_CODES_FROM_ADDRESS,
        JIIT_CAPTCHAS,
        JIIT_PASSWORDS,
        JIIT_PASSWORDS_FROM_ADDRESS,
        PROOFS_FROM_ADDRESS,
        ERP_PROOF_REQUESTS,
        LOOK_UPS,
        LOOK_UP_MISSES,
        LOOK_UP_INVALID_TOKENS,
        CONFIRMATIONS_BY_PERSON,
        CONFIRMATIONS_TO_ADDRESS,
        CLIENT_AUTHENTICATION,
        CLIENT_AUTHENTICATION_FROM_ADDRESS,
        KEPT_REQUESTS,
        FOREIGN_CODE_AUDIT,
        PROBLEMS,
    ];
    const WINDOWS: &[WindowLimit] = &[
        ERP_QUESTIONS,
        ERP_CODES,
        ERP_CODE_INTERVAL,
        ERP_CODES_FROM_ADDRESS,
        ERP_FAILURES,
        ERP_FAILURES_FROM_ADDRESS,
    ];

    fn in_words(span: Duration) -> String {
        match span.as_secs() {
            seconds if seconds % 3_600 == 0 => format!("{} h", seconds / 3_600),
            seconds if seconds % 60 == 0 => format!("{} min", seconds / 60),
            seconds => format!("{seconds} s"),
        }
    }

    #[test]
    fn the_table_in_security_md_is_this_one() {
        let buckets = BUCKETS.iter().map(|limit| {
            let every = in_words(limit.every);
            format!("| {} | {} | {every} |\n", limit.of, limit.burst)
        });
        let windows = WINDOWS.iter().map(|limit| {
            let span = in_words(limit.span);
            format!("| {} | {} | {span} |\n", limit.of, limit.count)
        });
        let table = format!(
            "| Of | At once | Then one every |\n|---|---|---|\n{}\n\
             | Of | At most | In any |\n|---|---|---|\n{}",
            buckets.collect::<String>(),
            windows.collect::<String>()
        );
        let document = include_str!("../../../SECURITY.md");
        assert!(
            document.contains(&table),
            "put this into SECURITY.md:\n{table}"
        );
    }
}
