//! A mail request, and the mail quota of apps.

use std::time::Duration;

use lettre::Address;

use crate::platform::clock::Timestamp;

/// The mail that an app wants to send. It is never stored and never printed.
pub(super) struct MailRequest {
    /// One line of at most 200 characters.
    pub subject: String,
    /// At most 64 KiB; lines end with `\n`.
    pub message: String,
    /// At most 20.
    pub reply_to: Vec<Address>,
}

impl std::fmt::Debug for MailRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mail(…)")
    }
}

impl MailRequest {
    /// Characters.
    pub(super) const LONGEST_SUBJECT: usize = 200;
    /// Bytes of UTF-8.
    pub(super) const LONGEST_MESSAGE: usize = 64 * 1024;
    pub(super) const MOST_REPLY_TO: usize = 20;
}

/// The mail limits of an app.
#[derive(Debug, Clone, Copy)]
pub struct MailQuota {
    /// To one person in 24 hours.
    pub per_person_day: u32,
    /// In an hour.
    pub per_app_hour: u32,
    /// In 24 hours, for an app that is not verified.
    pub unverified_day: u32,
}

/// The limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuotaKind {
    PersonDay,
    AppHour,
    UnverifiedDay,
}

/// At most `most` mails in a sliding window of `span`.
#[derive(Debug, Clone, Copy)]
pub(super) struct QuotaWindow {
    pub limit: QuotaKind,
    pub most: u32,
    pub span: Duration,
}

/// The time of the mail that must leave the window before another is allowed; none if one is allowed
/// now.
#[derive(Debug, Clone, Copy)]
pub(super) struct QuotaUsage {
    pub window: QuotaWindow,
    pub blocking: Option<Timestamp>,
}

/// The sending app.
#[derive(Debug)]
pub(super) struct Sender {
    pub name: String,
    /// The public contact address of the app.
    pub contact: Option<String>,
    pub is_verified: bool,
}
