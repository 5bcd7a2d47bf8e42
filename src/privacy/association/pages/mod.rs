//! Handlers of the pages: the four screens of a proof, and the list of a person's associations.

mod messages;
mod views;

use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use messages::{delay_message, link_expired, not_found_message};
#[cfg(test)]
pub(super) use views::samples;
use views::{
    AssociationView, ClaimView, ConfirmProofPage, OwnAssociationsPage, ProofDonePage,
    ProofFormField, ProofInstructionsPage, ProofMailedPage, STEPS, StartProofPage, steps,
};

use super::model::{Association, MailboxProof, ProofClaim, ProofStatus};
use super::rules::{PollResult, ProofDelay};
use super::{
    Feature, PROVIDER, begin as begin_proof, check as checking, confirm as confirming, rules, store,
};
use crate::connectors::erp::ErpRollNumber;
use crate::identity::login;
use crate::identity::login::{LocalPath, SignedIn};
use crate::people::records;
use crate::people::records::{Email, PeopleError};
use crate::platform::clock::Timestamp;
use crate::platform::metrics::SignInOutcome;
use crate::platform::secret::Secret;
use crate::platform::web::{
    ASSOCIATION_COOKIE, ClientAddress, CsrfForm, FlashMessage, FormParams, PageContext, PageError,
    SessionLifetime, UserSession,
};
use crate::platform::{db, metrics};

/// The cookie's lifetime: both halves of a proof and the continuation.
const COOKIE_LIFETIME: Duration = Duration::from_mins(100);
/// The query parameter that asks for the first screen in any state.
const AGAIN_PARAM: &str = "again";

/// `GET /association/`: the screen of the proof under way in this browser; or else the person's
/// associations; or else the first screen.
pub(super) async fn show_current_screen(
    State(feature): State<Feature>,
    RawQuery(query): RawQuery,
    context: PageContext,
    headers: HeaderMap,
    parts: Parts,
) -> Result<Response, PageError> {
    let query_params = FormParams::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let now = feature.clock.now();
    if !query_params.is_checked(AGAIN_PARAM)
        && let Some(proof) = find_active_proof(&feature, &headers, now).await?
    {
        return feature.show_screen(&context, &proof, now).await;
    }
    if let Some(session) = context.user_session() {
        let mine = store::list_associations(feature.db.pool(), session.person).await?;
        if !mine.is_empty() && !query_params.is_checked(AGAIN_PARAM) {
            return Ok(context.render(&feature.associations_page(mine)));
        }
        // A proof adds a way to sign in to the account, so it requires a recent sign-in.
        let links = feature.web.links();
        if let Some(to_sign_in) =
            login::sign_in_again(session, &parts, links, login::RECENT_AUTHENTICATION, now)
        {
            return Ok(to_sign_in);
        }
    }
    Ok(context.render(&feature.start_page(&context, &query_params, [None, None])))
}

/// `GET` of a form's address.
pub(super) async fn redirect_to_start(
    State(feature): State<Feature>,
    context: PageContext,
) -> Response {
    context.redirect(&feature.web.links().association())
}

/// `POST /association/begin/`
pub(super) async fn begin(
    State(feature): State<Feature>,
    address: ClientAddress,
    headers: HeaderMap,
    parts: Parts,
    CsrfForm { context, form }: CsrfForm,
) -> Result<Response, PageError> {
    let (now, links) = (feature.clock.now(), feature.web.links());
    if let Some(session) = context.user_session()
        && let Some(to_sign_in) =
            login::sign_in_again(session, &parts, links, login::RECENT_AUTHENTICATION, now)
    {
        return Ok(to_sign_in);
    }
    let claim = match parse_claim(&form, context.user_session()) {
        Ok(claim) => claim,
        Err(errors) => {
            let page = feature.start_page(&context, &form, errors);
            return Ok(context.render_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page));
        }
    };
    let counted = feature.limits.proofs_by_address.take(address.0);
    let _counted = counted.map_err(|rate_limited| {
        PageError::rate_limited(
            rate_limited,
            "There were too many attempts from your network.",
        )
        .with_back_link(links.association(), "Back")
    })?;
    let before = browser_secret(&feature, &headers);
    let (mut tx, epoch) = if let Some(session) = context.user_session() {
        (
            login::begin_write(&feature.db, session).await?,
            session.epoch,
        )
    } else {
        let mut tx = feature.db.begin().await?;
        let newest = records::find_newest_epoch(&mut *tx).await?;
        (tx, newest)
    };
    let (rng, claim) = (feature.rng.as_ref(), (claim, epoch));
    let browser_secret = begin_proof::begin(&mut tx, claim, before.as_ref(), now, rng).await?;
    tx.commit().await.map_err(db::Error::from)?;
    let mut response = context.redirect(&links.association());
    let (cookies, value) = (feature.web.cookies, browser_secret.expose().to_owned());
    cookies.set(
        response.headers_mut(),
        ASSOCIATION_COOKIE,
        value,
        Some(COOKIE_LIFETIME),
    );
    Ok(response)
}

/// `POST /association/check/`: polls the questions.
pub(super) async fn check(
    State(feature): State<Feature>,
    headers: HeaderMap,
    CsrfForm { context, .. }: CsrfForm,
) -> Result<Response, PageError> {
    let Some(browser_secret) = browser_secret(&feature, &headers) else {
        return Ok(feature.redirect_with_flash(&context, &delay_message(ProofDelay::Over)));
    };
    let mut tx = feature.db.begin().await?;
    let reserved =
        checking::begin_poll(&mut tx, browser_secret.hash(), feature.clock.now()).await?;
    tx.commit().await.map_err(db::Error::from)?;
    let proof = match reserved {
        Ok(proof) => proof,
        Err(delay) => return Ok(feature.redirect_with_flash(&context, &delay_message(delay))),
    };
    let result = checking::poll_questions(
        &feature.portal.questions,
        &proof,
        &feature.limits,
        feature.clock.as_ref(),
    )
    .await;
    let flash = match result {
        Ok(PollResult::Found) => return feature.handle_seen(&context, &proof).await,
        Ok(found) => not_found_message(found, &proof),
        Err(error) => {
            store::undo_poll_count(feature.db.pool(), proof.id).await?;
            feature.connector_error_message(error, &proof)?
        }
    };
    Ok(feature.redirect_with_flash(&context, &flash))
}

/// `POST /association/mail/`: mails another link.
pub(super) async fn mail_again(
    State(feature): State<Feature>,
    headers: HeaderMap,
    CsrfForm { context, .. }: CsrfForm,
) -> Result<Response, PageError> {
    let Some(browser_secret) = browser_secret(&feature, &headers) else {
        return Ok(feature.redirect_with_flash(&context, &delay_message(ProofDelay::Over)));
    };
    let (now, rng) = (feature.clock.now(), feature.rng.as_ref());
    let mut tx = feature.db.begin().await?;
    let mailed = checking::mail_again(&mut tx, browser_secret.hash(), now, rng).await?;
    tx.commit().await.map_err(db::Error::from)?;
    let flash = match mailed {
        Ok(proof) => FlashMessage::good(format!(
            "We sent another link to {}. Only the newest link works.",
            proof.claim.email
        )),
        Err(delay) => delay_message(delay),
    };
    Ok(feature.redirect_with_flash(&context, &flash))
}

/// `POST /association/cancel/`: cancels the proof under way in this browser.
pub(super) async fn cancel(
    State(feature): State<Feature>,
    headers: HeaderMap,
    CsrfForm { context, .. }: CsrfForm,
) -> Result<Response, PageError> {
    let mut next = None;
    if let Some(browser_secret) = browser_secret(&feature, &headers)
        && let Some(proof) = store::find_proof(feature.db.pool(), browser_secret.hash()).await?
    {
        store::mark_cancelled(feature.db.pool(), proof.id, feature.clock.now()).await?;
        next = proof.claim.next;
    }
    let to = with_next(&feature.web.links().association(), next.as_deref());
    let mut response = context.redirect(&to);
    feature
        .web
        .cookies
        .remove(response.headers_mut(), ASSOCIATION_COOKIE);
    Ok(response)
}

/// `GET /association/confirm/?token=…`: the page of the mailed link. It changes nothing.
pub(super) async fn ask_confirm(
    State(feature): State<Feature>,
    RawQuery(query): RawQuery,
    context: PageContext,
) -> Result<Response, PageError> {
    let query_params = FormParams::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let (token, now) = (query_params.text("token"), feature.clock.now());
    let proof = confirming::find_linked_proof(feature.db.pool(), token, now).await?;
    let proof = proof.filter(|proof| rules::proof_status(proof, now) == ProofStatus::QuestionSeen);
    let proof = proof.ok_or_else(link_expired)?;
    Ok(context.render(&ConfirmProofPage {
        claimed: feature.claim_view(&proof).await?,
        action: feature.web.links().association_step("confirm"),
        token: token.to_owned(),
    }))
}

/// `POST /association/confirm/`: completes the proof. The sign-in continues in the browser that began
/// it.
pub(super) async fn confirm(
    State(feature): State<Feature>,
    headers: HeaderMap,
    CsrfForm { context, form }: CsrfForm,
) -> Result<Response, PageError> {
    let (now, rng) = (feature.clock.now(), feature.rng.as_ref());
    let token = form.text("token");
    let proof = confirming::find_linked_proof(feature.db.pool(), token, now).await?;
    let proof = proof.ok_or_else(link_expired)?;
    let (roll, mailbox) = (&proof.claim.roll, &proof.claim.email);
    let claims = confirming::claims_for_proof(feature.db.pool(), roll, mailbox, now).await?;
    let mut tx = feature.db.begin().await?;
    let link_and_proof = (token, &proof);
    let confirmed = confirming::confirm(&mut tx, link_and_proof, claims, now, rng).await;
    confirmed.map_err(|error| feature.page_error(error, Some(token)))?;
    tx.commit().await.map_err(db::Error::from)?;
    let active = find_active_proof(&feature, &headers, now).await?;
    if active.is_some_and(|active| active.id == proof.id) {
        return Ok(context.redirect(&feature.web.links().association()));
    }
    Ok(context.render(&ProofDonePage {
        steps: steps(STEPS.len()),
        claimed: feature.claim_view(&proof).await?,
        verifier: proof.verifier.to_string(),
        enter: None,
        signs_in: false,
    }))
}

/// `POST /association/enter/`: continues after a complete proof, in the browser that began it.
pub(super) async fn enter(
    State(feature): State<Feature>,
    headers: HeaderMap,
    CsrfForm { context, form }: CsrfForm,
) -> Result<Response, PageError> {
    let now = feature.clock.now();
    let proof = find_active_proof(&feature, &headers, now).await?;
    let Some(proof) = proof.filter(|proof| rules::can_enter(proof, now)) else {
        return Ok(feature.redirect_with_flash(&context, &delay_message(ProofDelay::Over)));
    };
    let mut tx = feature.db.begin().await?;
    if !store::mark_entered(&mut tx, proof.id, now).await? {
        return Ok(feature.redirect_with_flash(&context, &delay_message(ProofDelay::Over)));
    }
    if proof.claim.person.is_some() {
        tx.commit().await.map_err(db::Error::from)?;
        return Ok(clear_browser_cookies(
            &feature,
            &headers,
            context.redirect(&feature.web.links().association()),
        ));
    }
    let proven = confirming::proven(&proof, None);
    let lifetime = if form.is_checked("remember") {
        SessionLifetime::Remembered
    } else {
        SessionLifetime::Browser
    };
    let rng = feature.rng.as_ref();
    let signed_in = login::sign_in(&mut tx, &proven, lifetime, now, rng).await?;
    let signed_in =
        signed_in.ok_or_else(|| feature.page_error(PeopleError::UnknownPerson.into(), None))?;
    tx.commit().await.map_err(db::Error::from)?;
    metrics::record_sign_in(PROVIDER, SignInOutcome::Success);
    let next = proof.claim.next.as_deref().and_then(LocalPath::parse);
    let response =
        login::start_session(feature.web.links(), &context, signed_in, next.as_ref()).await?;
    Ok(clear_browser_cookies(&feature, &headers, response))
}

/// Removes the cookies of the ended proof.
fn clear_browser_cookies(
    feature: &Feature,
    headers: &HeaderMap,
    mut response: Response,
) -> Response {
    let cookies = feature.web.cookies;
    cookies.remove_personal_cookies(headers, response.headers_mut());
    response
}

/// `POST /association/look-ups/`: sets whether apps may look up an association.
pub(super) async fn save_look_ups(
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
    CsrfForm { form, .. }: CsrfForm,
) -> Result<Response, PageError> {
    let (roll, allowed) = (form.text("roll"), form.is_checked("allows_look_ups"));
    let mut tx = login::begin_write(&feature.db, &session).await?;
    if !store::mark_look_ups(&mut *tx, session.person, roll, allowed).await? {
        return Err(PageError::not_found());
    }
    tx.commit().await.map_err(db::Error::from)?;
    let message = if allowed {
        "Approved apps can now look you up."
    } else {
        "Apps can no longer look you up."
    };
    Ok(feature.redirect_with_flash(&context, &FlashMessage::good(message)))
}

impl Feature {
    /// Redirects to the current screen with a message.
    fn redirect_with_flash(&self, context: &PageContext, flash: &FlashMessage) -> Response {
        context.redirect_with_message(&self.web.links().association(), flash)
    }

    fn start_page(
        &self,
        context: &PageContext,
        typed: &FormParams,
        errors: [Option<String>; 2],
    ) -> StartProofPage {
        let next = LocalPath::parse(typed.text("next"));
        let [roll, email] = errors;
        let field = |name: &str, error| ProofFormField {
            value: typed.text(name).trim().to_owned(),
            error,
            locked: false,
        };
        let links = self.web.links();
        let next = next.map(|next| next.to_string()).unwrap_or_default();
        let by_code = with_next(&links.login_with(PROVIDER), Some(&next));
        StartProofPage {
            steps: steps(0),
            action: links.association_step("begin"),
            roll: field("roll", roll),
            email: field("email", email),
            allows_look_ups: typed.is_checked("allows_look_ups"),
            account: context
                .user_session()
                .map(|session| session.username.clone()),
            by_code: context.user_session().is_none().then_some(by_code),
            next,
        }
    }

    /// Shows the screen of a proof under way.
    async fn show_screen(
        &self,
        context: &PageContext,
        proof: &MailboxProof,
        now: Timestamp,
    ) -> Result<Response, PageError> {
        let links = self.web.links();
        let claimed = self.claim_view(proof).await?;
        let until = self.web.format_relative(proof.expires_at, now);
        let until = until.trim_start_matches("today at ").to_owned();
        Ok(match rules::proof_status(proof, now) {
            ProofStatus::QuestionSeen => context.render(&ProofMailedPage {
                steps: steps(2),
                claimed,
                until,
                mail: links.association_step("mail"),
                cancel: links.association_step("cancel"),
            }),
            ProofStatus::Complete => context.render(&ProofDonePage {
                steps: steps(STEPS.len()),
                claimed,
                verifier: proof.verifier.to_string(),
                enter: Some(links.association_step("enter")),
                signs_in: proof.claim.person.is_none(),
            }),
            _ => context.render(&ProofInstructionsPage {
                steps: steps(1),
                claimed,
                verifier: proof.verifier.to_string(),
                portal: self.portal.page.clone(),
                until,
                check: links.association_step("check"),
                cancel: links.association_step("cancel"),
            }),
        })
    }

    /// The claim as the screens show it, with the account's name.
    async fn claim_view(&self, proof: &MailboxProof) -> db::Result<ClaimView> {
        let account = match proof.claim.person {
            Some(person) => records::find(self.db.pool(), person).await?,
            None => None,
        };
        let account = account.map(|person| person.username);
        Ok(ClaimView::of(&proof.claim, account))
    }

    fn associations_page(&self, associations: Vec<Association>) -> OwnAssociationsPage {
        let links = self.web.links();
        OwnAssociationsPage {
            associations: (associations.into_iter())
                .map(|association| AssociationView {
                    since: self.web.date(association.proved_at),
                    roll: association.roll,
                    email: association.email,
                    allows_look_ups: association.allows_look_ups,
                })
                .collect(),
            save: links.association_step("look-ups"),
            again: format!("{}?{AGAIN_PARAM}=1", links.association()),
            ways_in: links.linked_identities(),
        }
    }

    /// Records that the verifier was seen, and redirects to the next screen.
    async fn handle_seen(
        &self,
        context: &PageContext,
        proof: &MailboxProof,
    ) -> Result<Response, PageError> {
        let (now, rng) = (self.clock.now(), self.rng.as_ref());
        let mut tx = self.db.begin().await?;
        let seen = checking::record_verifier_seen(&mut tx, proof, now, rng).await;
        seen.map_err(|error| self.page_error(error, None))?;
        tx.commit().await.map_err(db::Error::from)?;
        Ok(context.redirect(&self.web.links().association()))
    }
}

/// Parses the claim, or returns the errors of roll number and mailbox.
fn parse_claim(
    form: &FormParams,
    session: Option<&UserSession>,
) -> Result<ProofClaim, [Option<String>; 2]> {
    let roll = ErpRollNumber::parse(form.text("roll"));
    let email = Email::parse(form.text("email"));
    match (roll, email) {
        (Ok(roll), Ok(email)) => Ok(ProofClaim {
            roll: roll.as_str().to_owned(),
            email: normalise_email(email.as_str()),
            person: session.map(|session| session.person),
            allows_look_ups: form.is_checked("allows_look_ups"),
            next: LocalPath::parse(form.text("next")).map(|next| next.to_string()),
        }),
        (roll, email) => Err([
            roll.is_err().then(|| {
                "Enter a roll number of nine characters. For example 22CS10001.".to_owned()
            }),
            email.err().map(|_| {
                "Enter an email address. For example asha@kgpian.iitkgp.ac.in.".to_owned()
            }),
        ]),
    }
}

/// Lower-cases the domain. The local part is kept, because its host defines it (RFC 5321 §2.4).
fn normalise_email(email: &str) -> String {
    match email.rsplit_once('@') {
        Some((name, host)) => format!("{name}@{}", host.to_lowercase()),
        None => email.to_owned(),
    }
}

/// The secret in the browser's cookie.
fn browser_secret(feature: &Feature, headers: &HeaderMap) -> Option<Secret> {
    let value = feature.web.cookies.read(headers, ASSOCIATION_COOKIE)?;
    (!value.is_empty()).then(|| Secret::new(value))
}

/// The browser's proof, if it can still continue.
async fn find_active_proof(
    feature: &Feature,
    headers: &HeaderMap,
    now: Timestamp,
) -> db::Result<Option<MailboxProof>> {
    let Some(browser_secret) = browser_secret(feature, headers) else {
        return Ok(None);
    };
    let proof = store::find_proof(feature.db.pool(), browser_secret.hash()).await?;
    Ok(proof.filter(|proof| match rules::proof_status(proof, now) {
        ProofStatus::Pending | ProofStatus::QuestionSeen => true,
        ProofStatus::Complete => rules::can_enter(proof, now),
        ProofStatus::Expired | ProofStatus::Cancelled => false,
    }))
}

fn with_next(path: &str, next: Option<&str>) -> String {
    match next.filter(|next| !next.is_empty()) {
        Some(next) => {
            let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
            format!("{path}?next={next}")
        }
        None => path.to_owned(),
    }
}
