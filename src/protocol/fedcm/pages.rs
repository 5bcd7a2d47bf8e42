//! `GET /fedcm/login/`: the browser opens it when its login status for this site is "logged out".

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::Feature;
use crate::identity::login::SignedIn;
use crate::platform::web::Page;

/// Shown after the sign-in, or at once to a person who is signed in: its script closes the window.
#[derive(Debug, Serialize)]
struct FedcmLoginDonePage {}

impl Page for FedcmLoginDonePage {
    const TEMPLATE: &'static str = "widget/signed_in.html";

    fn title(&self) -> String {
        "You are signed in".to_owned()
    }
}

pub(super) async fn login(
    State(_): State<Feature>,
    SignedIn { session, context }: SignedIn,
) -> Response {
    let mut response = context.render(&FedcmLoginDonePage {});
    context.set_login_status(&session, &mut response);
    response
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::PageSample;

    pub(crate) fn samples() -> Vec<PageSample> {
        vec![PageSample::of(&FedcmLoginDonePage {})]
    }
}
