//! `GET /`

use axum::response::Response;
use serde::Serialize;

use crate::platform::web::{Page, PageContext};

#[derive(Debug, Serialize)]
struct WelcomePage {}

impl Page for WelcomePage {
    const TEMPLATE: &'static str = "welcome/home.html";

    fn title(&self) -> String {
        "Start".to_owned()
    }
}

pub(super) async fn home(context: PageContext) -> Response {
    context.render(&WelcomePage {})
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::PageSample;

    pub(crate) fn samples() -> Vec<PageSample> {
        vec![PageSample::of(&WelcomePage {})]
    }
}
