//! What every page and every endpoint shares: the shell round the routes, pages and their frame,
//! forms, cookies, limits, and the three answers to trouble.
//!
//! A request passes, from outside in: the address made regular ([`shell`]), request id and log span
//! ([`trace`]), protective headers ([`headers`]), trouble turned into pages ([`problem`]), the session.
//!
//! Decision: a page's hidden `csrf_token` is a seal over the browser's session id, or over a cookie
//! given to visitors who have no session, because so nothing is stored for people who only look.

mod address;
mod assets;
mod body;
mod cookies;
mod cors;
mod device;
mod form;
mod frame;
mod headers;
mod limit;
mod login_status;
mod page;
mod problem;
#[cfg(test)]
pub(crate) mod sample;
mod session;
mod session_store;
mod shell;
mod trace;

use std::sync::Arc;

pub use address::{ClientAddress, NamedNetworks};
pub use assets::Assets;
pub use cookies::{ASSOCIATION, CookiePolicy, FRESH_SECRET};
pub use cors::{AllowedOrigins, answer_preflight, open_to_concerned};
pub use form::{
    CsrfForm, CsrfMultipartForm, FORM_WITH_FILE, FormParams, RepeatedParameter, UploadedFile,
};
pub use frame::{FlashKind, FlashMessage, PageContext};
pub use headers::no_store;
use ipnet::IpNet;
pub use limit::{Permit, RateLimit, RateLimited, RateLimiter};
pub use login_status::{LOGGED_OUT, named_session};
pub use page::{FormAction, Page, Templates};
pub use problem::{ApiError, ErrorChain, OAuthErrorResponse, PageError};
#[cfg(test)]
pub(crate) use sample::PageSample;
pub use session::{SessionLifetime, UserSession, begin as begin_session, end as end_session};
pub use session_store::{PostgresSessionStore, end_other_sessions_of, end_sessions_of};
pub use shell::MiddlewareStack;
use time::UtcOffset;
pub use trace::RequestId;

use crate::platform::links::Links;
use crate::platform::secret::ServerKey;

/// What pages need to know of the house. Cheap to clone; every room with pages has one.
#[derive(Clone, Debug)]
pub struct Web(Arc<WebParts>);

/// The parts of [`Web`], for `app.rs` to fill.
#[derive(Debug)]
pub struct WebParts {
    pub links: Links,
    pub pages: Templates,
    pub assets: Assets,
    pub cookies: CookiePolicy,
    pub campus_name: String,
    pub time_zone: UtcOffset,
    /// Seals forms.
    pub form_key: ServerKey,
    /// Seals the message for the next page and other cookies that hold a value.
    pub cookie_key: ServerKey,
    pub trusted_proxies: Vec<IpNet>,
    pub places: NamedNetworks,
}

impl Web {
    pub fn new(parts: WebParts) -> Self {
        Self(Arc::new(parts))
    }

    pub fn links(&self) -> &Links {
        &self.0.links
    }

    /// A page that is no answer to a request: nobody looks at it, and it has no forms.
    pub fn render_alone<P: Page>(&self, page: &P) -> Result<String, PageError> {
        let mut context = frame::own(page).map_err(PageError::broken)?;
        frame::dress(&mut context, self, None, "", None);
        let html = self.0.pages.render(P::TEMPLATE, &context);
        html.map_err(PageError::broken)
    }

    /// As `21 Nov 2026`, in the campus' time zone.
    pub fn date(&self, moment: crate::platform::clock::Timestamp) -> String {
        let shape =
            time::macros::format_description!("[day padding:none] [month repr:short] [year]");
        moment
            .to_offset(self.0.time_zone)
            .format(&shape)
            .unwrap_or_default()
    }

    /// As `21 Nov 2026, 18:05:03`, in the campus' time zone.
    pub fn date_and_second(&self, moment: crate::platform::clock::Timestamp) -> String {
        let shape = time::macros::format_description!(
            "[day padding:none] [month repr:short] [year], [hour]:[minute]:[second]"
        );
        moment
            .to_offset(self.0.time_zone)
            .format(&shape)
            .unwrap_or_default()
    }

    /// When something was, as one says it: `today at 18:05`, `yesterday at 18:05`, `on Tuesday at
    /// 18:05`, `on 21 Nov 2026`.
    pub fn said(
        &self,
        moment: crate::platform::clock::Timestamp,
        now: crate::platform::clock::Timestamp,
    ) -> String {
        let there = moment.to_offset(self.0.time_zone);
        let days = now.to_offset(self.0.time_zone).date() - there.date();
        let time = time::macros::format_description!("[hour]:[minute]");
        let time = there.format(&time).unwrap_or_default();
        match days.whole_days() {
            ..=0 => format!("today at {time}"),
            1 => format!("yesterday at {time}"),
            2..=6 => format!("on {} at {time}", there.weekday()),
            _ => format!("on {}", self.date(moment)),
        }
    }

    /// As `21 Nov 2026, 18:05`, in the campus' time zone.
    pub fn date_and_time(&self, moment: crate::platform::clock::Timestamp) -> String {
        let shape = time::macros::format_description!(
            "[day padding:none] [month repr:short] [year], [hour]:[minute]"
        );
        moment
            .to_offset(self.0.time_zone)
            .format(&shape)
            .unwrap_or_default()
    }
}

impl std::ops::Deref for Web {
    type Target = WebParts;

    fn deref(&self) -> &WebParts {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::sample;

    #[test]
    fn a_moment_is_said_as_people_say_it() {
        let web = sample::web();
        // 00:30 in the campus' time zone
        let now = datetime!(2026-11-20 19:00 UTC);
        let said = |moment| web.said(moment, now);
        assert_eq!(said(datetime!(2026-11-20 18:45 UTC)), "today at 00:15");
        assert_eq!(said(datetime!(2026-11-20 18:00 UTC)), "yesterday at 23:30");
        assert_eq!(said(datetime!(2026-11-17 12:00 UTC)), "on Tuesday at 17:30");
        assert_eq!(said(datetime!(2026-11-14 12:00 UTC)), "on 14 Nov 2026");
    }
}
