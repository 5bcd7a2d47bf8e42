//! `GET /`

use axum::response::Response;
use serde::Serialize;

use crate::platform::web::{Frame, Page};

#[derive(Debug, Serialize)]
struct HomePage {}

impl Page for HomePage {
    const TEMPLATE: &'static str = "welcome/home.html";

    fn title(&self) -> String {
        "Start".to_owned()
    }
}

pub(super) async fn home(frame: Frame) -> Response {
    frame.show(&HomePage {})
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::Sample;

    pub(crate) fn samples() -> Vec<Sample> {
        vec![Sample::of(&HomePage {})]
    }
}
