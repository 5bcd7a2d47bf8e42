//! The mail quota of an app, and the subject and footer of its mails.

use std::time::Duration;

use super::MailQuota;
use super::model::{QuotaKind, QuotaUsage, QuotaWindow};
use crate::platform::clock::Timestamp;
use crate::platform::rate_limits::RateLimited;

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// The limits of an app.
pub(super) fn windows(allowance: &MailQuota, is_verified: bool) -> Vec<QuotaWindow> {
    let window = |limit, most, span| QuotaWindow { limit, most, span };
    let mut windows = vec![
        window(QuotaKind::PersonDay, allowance.per_person_day, DAY),
        window(QuotaKind::AppHour, allowance.per_app_hour, HOUR),
    ];
    if !is_verified {
        windows.push(window(
            QuotaKind::UnverifiedDay,
            allowance.unverified_day,
            DAY,
        ));
    }
    windows
}

/// Checks whether another mail is allowed. If not, returns the limit with the longest wait.
pub(super) fn check_quota(
    used: &[QuotaUsage],
    now: Timestamp,
) -> Result<(), (QuotaKind, RateLimited)> {
    let waits = used.iter().filter_map(|used| {
        let window = used.window;
        let room_at = match used.blocking {
            _ if window.most == 0 => now + window.span,
            Some(at) => at + window.span,
            None => return None,
        };
        let wait = room_at - now;
        wait.is_positive()
            .then(|| (window.limit, RateLimited(wait.unsigned_abs())))
    });
    match waits.max_by_key(|(_, slowed)| slowed.0) {
        Some(slowed) => Err(slowed),
        None => Ok(()),
    }
}

/// The error message for the app.
pub(super) fn quota_message(limit: QuotaKind) -> &'static str {
    match limit {
        QuotaKind::PersonDay => {
            "Your app has reached the limit of mails to this person in 24 hours."
        }
        QuotaKind::AppHour => "Your app has reached the limit of mails in an hour.",
        QuotaKind::UnverifiedDay => {
            "Your app has reached the limit of mails in 24 hours for apps that are not verified."
        }
    }
}

/// `[SSO] [Mess Menu] Dinner`
pub(super) fn subject(app: &str, subject: &str) -> String {
    format!("[SSO] [{}] {subject}", one_line(app))
}

/// The plain text: message and footer.
pub(super) fn text(app: &str, message: &str, connected_apps: &str) -> String {
    format!("{message}\n\n\n{}", footer(app, connected_apps))
}

/// The sender, the reason for the mail, and how to stop it.
fn footer(app: &str, connected_apps: &str) -> String {
    let app = one_line(app);
    format!(
        "Sent via SSO by {app}\n\n\
         You get this mail because you allowed {app} to send you mail. \
         To stop it, remove its access under Connected apps: {connected_apps}\n"
    )
}

/// Reduces a name to one line, because a line break would start another header.
pub(super) fn one_line(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|character| if is_unsafe(character) { ' ' } else { character })
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a character ends a line or changes the text direction.
pub(super) fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = time::macros::datetime!(2026-11-21 12:00 UTC);
    const ALLOWANCE: MailQuota = MailQuota {
        per_person_day: 2,
        per_app_hour: 3,
        unverified_day: 1,
    };

    const ALMOST_A_DAY: Duration = Duration::from_hours(23);

    fn used(ago: [Option<Duration>; 3]) -> Vec<QuotaUsage> {
        let windows = windows(&ALLOWANCE, false).into_iter().zip(ago);
        windows
            .map(|(window, ago)| QuotaUsage {
                window,
                blocking: ago.map(|ago| NOW - ago),
            })
            .collect()
    }

    #[test]
    fn an_app_that_nobody_looked_at_is_held_to_one_thing_more() {
        let limits = |is_verified| {
            let windows = windows(&ALLOWANCE, is_verified);
            windows
                .iter()
                .map(|window| window.limit)
                .collect::<Vec<_>>()
        };
        assert_eq!(limits(true), [QuotaKind::PersonDay, QuotaKind::AppHour]);
        assert!(limits(false).contains(&QuotaKind::UnverifiedDay));
    }

    #[test]
    fn there_is_room_when_the_blocking_leaves_the_window() {
        assert_eq!(check_quota(&used([None, None, None]), NOW), Ok(()));
        let in_an_hour = Some(ALMOST_A_DAY);
        assert_eq!(
            check_quota(&used([in_an_hour, None, None]), NOW),
            Err((QuotaKind::PersonDay, RateLimited(HOUR)))
        );
        assert_eq!(
            check_quota(&used([Some(DAY), Some(HOUR), None]), NOW),
            Ok(())
        );
    }

    #[test]
    fn of_several_limits_the_longest_is_told() {
        let refused = check_quota(&used([Some(ALMOST_A_DAY), Some(HOUR / 2), Some(HOUR)]), NOW);
        assert_eq!(
            refused,
            Err((QuotaKind::UnverifiedDay, RateLimited(ALMOST_A_DAY)))
        );
    }

    #[test]
    fn none_at_all_is_none_at_all() {
        let none = MailQuota {
            unverified_day: 0,
            ..ALLOWANCE
        };
        let used = windows(&none, false).into_iter().map(|window| QuotaUsage {
            window,
            blocking: None,
        });
        let used: Vec<_> = used.collect();
        assert_eq!(
            check_quota(&used, NOW),
            Err((QuotaKind::UnverifiedDay, RateLimited(DAY)))
        );
    }

    #[test]
    fn an_apps_name_stays_on_its_line() {
        assert_eq!(
            subject("Mess\r\nBcc: x\u{202e}", "Dinner"),
            "[SSO] [Mess Bcc: x] Dinner"
        );
    }

    #[test]
    fn the_message_comes_first_and_the_footer_names_the_app() {
        let text = text("Mess", "Rice.", "http://localhost/");
        assert!(text.starts_with("Rice.\n\n\nSent via SSO by Mess\n\nYou get this mail because"));
        assert!(text.ends_with(": http://localhost/\n"));
    }
}
