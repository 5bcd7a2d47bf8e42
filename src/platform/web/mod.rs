//! What all pages and endpoints share.
//!
//! - [`middleware`]: the layers around all routes, with [`trace`] and [`security_headers`]
//! - [`PageContext`] and [`Page`]: rendering pages, flash messages, redirects
//! - [`csrf`]: forms with a CSRF token
//! - [`UserSession`]: the browser session, kept by [`PostgresSessionStore`]
//! - [`ClientAddress`]
//! - [`errors`]: the three kinds of error response
//! - [`cors`], [`cookies`], FedCM's [`login_status`]

mod assets;
mod client_address;
mod cookies;
mod cors;
mod csrf;
mod errors;
mod form_params;
mod login_status;
mod middleware;
mod multipart;
mod page;
mod page_context;
mod request_body;
#[cfg(test)]
pub(crate) mod sample;
mod security_headers;
mod session;
mod session_store;
mod trace;
mod user_agent;

use std::sync::Arc;

pub use assets::Assets;
pub use client_address::{ClientAddress, NamedNetworks, network_of};
pub use cookies::{ASSOCIATION_COOKIE, CookiePolicy, NEW_SECRET_COOKIE};
pub use cors::{
    AllowedOrigins, allow_registered_origins, find_loopback_origin, registered_origin,
    respond_to_preflight,
};
pub use csrf::{CsrfForm, CsrfMultipartForm, UnverifiedForm};
pub use errors::{ApiError, ErrorChain, OAuthErrorResponse, PageError};
pub use form_params::{FormParams, RepeatedParameter};
use ipnet::IpNet;
pub use login_status::{LOGGED_OUT, find_status_session};
pub use middleware::MiddlewareStack;
pub use multipart::{MAX_MULTIPART_BODY, UploadedFile};
pub use page::{FormAction, Page, Templates};
pub use page_context::{FlashKind, FlashMessage, PageContext};
#[cfg(test)]
pub(crate) use sample::PageSample;
pub use security_headers::set_no_store;
pub use session::{SessionLifetime, UserSession, begin_session, end_session};
pub use session_store::{PostgresSessionStore, SessionRetention, renew_sessions};
use time::UtcOffset;
pub use trace::RequestId;

use crate::platform::clock::Timestamp;
use crate::platform::links::Links;
use crate::platform::secret::ServerKey;

/// What every feature with pages or endpoints needs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Web(Arc<WebParts>);

/// The parts of [`Web`].
#[derive(Debug)]
pub struct WebParts {
    pub links: Links,
    pub templates: Templates,
    pub assets: Assets,
    pub cookies: CookiePolicy,
    pub campus_name: String,
    pub time_zone: UtcOffset,
    /// For CSRF tokens.
    pub form_key: ServerKey,
    /// For cookies that hold a value, such as the flash message.
    pub cookie_key: ServerKey,
    pub trusted_proxies: Vec<IpNet>,
    pub named_networks: NamedNetworks,
}

impl Web {
    pub fn new(parts: WebParts) -> Self {
        Self(Arc::new(parts))
    }

    pub fn links(&self) -> &Links {
        &self.0.links
    }

    /// Renders a page outside a request, for example for the data export: nobody is signed in, and it
    /// has no forms.
    pub fn render_standalone<P: Page>(&self, page: &P) -> Result<String, PageError> {
        let mut context = page_context::page_context(page).map_err(PageError::internal)?;
        page_context::add_shared_context(&mut context, self, None, "", None);
        let html = self.0.templates.render(P::TEMPLATE, &context);
        html.map_err(PageError::internal)
    }

    /// As `21 Nov 2026`, in the campus' time zone.
    pub fn date(&self, moment: Timestamp) -> String {
        let format =
            time::macros::format_description!("[day padding:none] [month repr:short] [year]");
        moment
            .to_offset(self.0.time_zone)
            .format(&format)
            .unwrap_or_default()
    }

    /// As `21 Nov 2026, 18:05:03`, in the campus' time zone.
    pub fn date_and_second(&self, moment: Timestamp) -> String {
        let format = time::macros::format_description!(
            "[day padding:none] [month repr:short] [year], [hour]:[minute]:[second]"
        );
        moment
            .to_offset(self.0.time_zone)
            .format(&format)
            .unwrap_or_default()
    }

    /// Relative to now: `today at 18:05`, `yesterday at 18:05`, `on Tuesday at
    /// 18:05`, `on 21 Nov 2026`.
    pub fn format_relative(&self, moment: Timestamp, now: Timestamp) -> String {
        let local = moment.to_offset(self.0.time_zone);
        let days = now.to_offset(self.0.time_zone).date() - local.date();
        let time = time::macros::format_description!("[hour]:[minute]");
        let time = local.format(&time).unwrap_or_default();
        match days.whole_days() {
            ..=0 => format!("today at {time}"),
            1 => format!("yesterday at {time}"),
            2..=6 => format!("on {} at {time}", local.weekday()),
            _ => format!("on {}", self.date(moment)),
        }
    }

    /// As `21 Nov 2026, 18:05`, in the campus' time zone.
    pub fn date_and_time(&self, moment: Timestamp) -> String {
        let format = time::macros::format_description!(
            "[day padding:none] [month repr:short] [year], [hour]:[minute]"
        );
        moment
            .to_offset(self.0.time_zone)
            .format(&format)
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
    fn times_are_worded_relative_to_today() {
        let web = sample::web();
        // 00:30 in the campus' time zone
        let now = datetime!(2026-11-20 19:00 UTC);
        let words = |moment| web.format_relative(moment, now);
        assert_eq!(words(datetime!(2026-11-20 18:45 UTC)), "today at 00:15");
        assert_eq!(words(datetime!(2026-11-20 18:00 UTC)), "yesterday at 23:30");
        assert_eq!(
            words(datetime!(2026-11-17 12:00 UTC)),
            "on Tuesday at 17:30"
        );
        assert_eq!(words(datetime!(2026-11-14 12:00 UTC)), "on 14 Nov 2026");
    }
}
