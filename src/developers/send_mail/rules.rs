//! How often an app may write, and the words round what it writes.

use std::time::Duration;

use super::MailQuota;
use super::model::{QuotaKind, QuotaUsage, QuotaWindow};
use crate::platform::clock::Timestamp;
use crate::platform::web::RateLimited;

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// What an app is held to.
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

/// Whether one more may go: if not, which limit holds the longest, and for how long.
pub(super) fn judge(used: &[QuotaUsage], now: Timestamp) -> Result<(), (QuotaKind, RateLimited)> {
    let waits = used.iter().filter_map(|used| {
        let window = used.window;
        let room_at = match used.last_in_the_way {
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

/// What the app is told.
pub(super) fn told(limit: QuotaKind) -> &'static str {
    match limit {
        QuotaKind::PersonDay => "Your app has reached the limit of mails to this person in 24 hours.",
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

/// The message and the footer, as they stand in the plain text.
pub(super) fn text(app: &str, message: &str, take_back: &str) -> String {
    format!("{message}\n\n\n{}", footer(app, take_back))
}

/// Who sent it, why it came, and how to end that.
fn footer(app: &str, take_back: &str) -> String {
    let app = one_line(app);
    format!(
        "Sent via SSO by {app}\n\n\
         You get this mail because you allowed {app} to write to you. \
         Take it back under Connected apps: {take_back}\n"
    )
}

/// A name is one line, whatever it holds: the next line of a header would be another header.
pub(super) fn one_line(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|sign| if misplaces(sign) { ' ' } else { sign })
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Signs that end a line, or make one run the other way over what stands beside it.
pub(super) fn misplaces(sign: char) -> bool {
    sign.is_control()
        || matches!(sign, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
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
                last_in_the_way: ago.map(|ago| NOW - ago),
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
    fn there_is_room_when_the_last_in_the_way_leaves_the_window() {
        assert_eq!(judge(&used([None, None, None]), NOW), Ok(()));
        let in_an_hour = Some(ALMOST_A_DAY);
        assert_eq!(
            judge(&used([in_an_hour, None, None]), NOW),
            Err((QuotaKind::PersonDay, RateLimited(HOUR)))
        );
        assert_eq!(judge(&used([Some(DAY), Some(HOUR), None]), NOW), Ok(()));
    }

    #[test]
    fn of_several_limits_the_longest_is_told() {
        let told = judge(&used([Some(ALMOST_A_DAY), Some(HOUR / 2), Some(HOUR)]), NOW);
        assert_eq!(
            told,
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
            last_in_the_way: None,
        });
        let used: Vec<_> = used.collect();
        assert_eq!(
            judge(&used, NOW),
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
