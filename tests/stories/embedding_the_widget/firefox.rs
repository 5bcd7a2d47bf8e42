//! The login button in Firefox, which has no FedCM and partitions the cookies of other sites.

use super::{
    Campus, HOSTEL, MESS, TO_HOSTEL, TO_MESS, button, code_at, exchange_code, page, page_at_once,
};
use crate::support::firefox::Firefox;

#[tokio::test]
async fn on_another_site_the_button_is_a_link_and_the_console_stays_empty() {
    let campus = Campus::opens().await;
    let (app, mess) = (campus.mess_menu().await, campus.site(MESS).await);
    campus.is_known_to_browsers().await;
    mess.shows("/", &[], &page(&button(&app, TO_MESS)));

    let browser = Firefox::opens_behind(&campus.tls_proxy).await;
    browser.visits(&mess.at("/")).await;
    browser.waits_for("#sso-root a").await;
    browser.follows("#sso-root a").await;
    let asha = &campus.asha;
    browser.signs_in(&asha.username, &asha.password).await;
    browser.follows("button[value=allow]").await;

    exchange_code(&app, &code_at(&mess), &mess).await;
    assert_eq!(browser.console_messages().await, Vec::<String>::new());
}

#[tokio::test]
async fn on_the_campus_domain_the_frame_shows_who_would_sign_in() {
    let campus = Campus::opens().await;
    let (app, hostel) = (campus.mess_menu().await, campus.site(HOSTEL).await);
    hostel.shows("/", &[], &page_at_once(&button(&app, TO_HOSTEL)));

    let browser = Firefox::opens_behind(&campus.tls_proxy).await;
    browser.visits(&campus.at("account/login/")).await;
    let asha = &campus.asha;
    browser.signs_in(&asha.username, &asha.password).await;
    browser.visits(&hostel.at("/")).await;
    browser.waits_for("#sso-root iframe[data-shown]").await;
    browser.enters_frame("#sso-root iframe").await;
    assert_eq!(
        browser.words().await,
        "Continue as Asha\nLogin as other user"
    );
    browser.clicks("a.login").await;
    browser.leaves_frame().await;
    browser.waits_for("button[value=allow]").await;
    browser.follows("button[value=allow]").await;

    exchange_code(&app, &code_at(&hostel), &hostel).await;
    assert_eq!(browser.console_messages().await, Vec::<String>::new());
}
