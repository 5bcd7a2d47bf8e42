//! The JIIT sign-in form in Chromium: every error, in both colour schemes, on a narrow phone.

use super::{ASHA, FORM, Jiit};
use crate::sim::kit::fault::Fault;
use crate::support::World;
use crate::support::chromium::Chromium;

const SUBMIT: &str = "form button.primary";

async fn types(browser: &Chromium, number: &str, password: &str, letters: &str) {
    for (field, text) in [
        ("username", number),
        ("password", password),
        ("captcha", letters),
    ] {
        browser
            .evaluates(&format!("document.querySelector('#{field}').value = ''"))
            .await;
        browser.types(&format!("#{field}"), text).await;
    }
}

#[tokio::test]
async fn the_form_and_its_errors_can_be_read_and_used() {
    let jiit = Jiit::opens().await;
    let plan = jiit
        .trusted(World::plan())
        .set("PROFILES_UPSTREAM_SECONDS", "2");
    let world = plan.opens().await;
    let browser = Chromium::opens(true).await;
    let form = format!("{}{FORM}", world.base);
    browser.visits(&form).await;
    browser.can_be_used("jiit form").await;

    types(&browser, "22-1", ASHA.password, "five!").await;
    browser.follows(SUBMIT).await;
    browser.can_be_used("jiit mistakes").await;

    types(&browser, ASHA.number, ASHA.password, "zzzzz").await;
    browser.follows(SUBMIT).await;
    assert!(browser.words().await.contains("did not match the picture"));
    browser.can_be_used("jiit wrong picture").await;

    let letters = jiit.letters();
    types(&browser, ASHA.number, "a guess", &letters).await;
    browser.follows(SUBMIT).await;
    assert!(browser.words().await.contains("not accepted"));
    browser.can_be_used("jiit wrong password").await;

    let path = "/StudentPortalAPI/token/pretoken-check";
    jiit.site.watch.faults.set(path, Fault::Status(513));
    let letters = jiit.letters();
    types(&browser, ASHA.number, ASHA.password, &letters).await;
    browser.follows(SUBMIT).await;
    assert!(browser.words().await.contains("not answering"));
    browser.can_be_used("jiit away").await;
    jiit.site.watch.faults.mend();

    browser.follows("button[value=picture]").await;
    browser.clicks("input[name=details][value=yes]").await;
    let letters = jiit.letters();
    types(&browser, ASHA.number, ASHA.password, &letters).await;
    browser.can_be_used("jiit filled in").await;
    browser.follows(SUBMIT).await;
    browser.visits(&format!("{}user/", world.base)).await;
    assert!(browser.words().await.contains("22000001@mail.jiit.ac.in"));
    browser.can_be_used("jiit profile").await;
}

#[tokio::test]
async fn each_refusal_tells_the_person_what_to_do() {
    let jiit = Jiit::opens().await;
    let world = jiit.world().await;
    let browser = Chromium::opens(true).await;
    let form = format!("{}{FORM}", world.base);
    for (name, number, password) in [
        ("jiit expired password", "23000005", "23000005"),
        ("jiit one-time codes", "24000006", "c0des only"),
    ] {
        browser.visits(&form).await;
        let letters = jiit.letters();
        types(&browser, number, password, &letters).await;
        browser.follows(SUBMIT).await;
        browser.can_be_used(name).await;
    }
    browser.visits(&form).await;
    let path = "/StudentPortalAPI/token/generatewebtoken";
    jiit.site.watch.faults.set(path, Fault::Html);
    let letters = jiit.letters();
    types(&browser, ASHA.number, ASHA.password, &letters).await;
    browser.follows(SUBMIT).await;
    browser.can_be_used("jiit closed").await;
    browser
        .visits(&format!("{}account/login/", world.base))
        .await;
    browser.can_be_used("jiit among the ways").await;
}
