//! A mail as an app asked for it, and how many it may send.

use std::time::Duration;

use lettre::Address;

use crate::platform::clock::Timestamp;

/// What an app wants said. It is never kept and never printed.
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

/// How many mails an app may send.
#[derive(Debug, Clone, Copy)]
pub struct MailQuota {
    /// To one person in 24 hours.
    pub per_person_day: u32,
    /// In an hour.
    pub per_app_hour: u32,
    /// In 24 hours, while nobody has looked at the app.
    pub unverified_day: u32,
}

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuotaKind {
    PersonDay,
    AppHour,
    UnverifiedDay,
}

/// So many in a window: there is room again when the oldest of the last `most` leaves it.
#[derive(Debug, Clone, Copy)]
pub(super) struct QuotaWindow {
    pub limit: QuotaKind,
    pub most: u32,
    pub span: Duration,
}

/// When the mail was sent that has to leave the window before there is room; none if there is room.
#[derive(Debug, Clone, Copy)]
pub(super) struct QuotaUsage {
    pub window: QuotaWindow,
    pub last_in_the_way: Option<Timestamp>,
}

/// Who writes, as it is when the mail is sent.
#[derive(Debug)]
pub(super) struct Sender {
    pub name: String,
    /// A public address of whoever makes the app.
    pub contact: Option<String>,
    pub is_verified: bool,
}
