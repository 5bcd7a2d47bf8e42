//! The four screens, and what somebody has proved.

mod shown;
mod told;

use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
#[cfg(test)]
pub(super) use shown::samples;
use shown::{
    AssociationView, ClaimView, ConfirmProofPage, OwnAssociationsPage, ProofDonePage,
    ProofFormField, ProofInstructionsPage, ProofMailedPage, STEPS, StartProofPage, steps,
};
use told::{over, told_not_now, told_not_there};

use super::flow::{PollResult, ProofDelay};
use super::model::{Association, MailboxProof, ProofClaim, ProofStatus};
use super::{
    Feature, PROVIDER, begin as begin_proof, check as checking, confirm as confirming, flow, store,
};
use crate::connectors::erp::ErpRollNumber;
use crate::identity::login;
use crate::identity::login::{LocalPath, SignedIn};
use crate::people::records;
use crate::people::records::{Email, ExternalIdentity, PeopleError};
use crate::platform::clock::Timestamp;
use crate::platform::metrics::SignInOutcome;
use crate::platform::secret::Secret;
use crate::platform::web::{
    ASSOCIATION_COOKIE, ClientAddress, CsrfForm, FlashMessage, FormParams, PageContext, PageError,
    SessionLifetime, UserSession,
};
use crate::platform::{db, metrics};

/// How long the browser keeps that a proof was begun in it: both halves, and to go on from it.
const KEPT_FOR: Duration = Duration::from_mins(100);
/// Asks for the first screen though there is something else to show.
const AGAIN: &str = "again";

/// `GET /association/`: the screen of what is under way in this browser; else what somebody has proved;
/// else the first screen.
pub(super) async fn here(
    State(it): State<Feature>,
    RawQuery(query): RawQuery,
    context: PageContext,
    headers: HeaderMap,
    parts: Parts,
) -> Result<Response, PageError> {
    let asking = FormParams::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let now = it.clock.now();
    if !asking.is_checked(AGAIN)
        && let Some(proof) = under_way(&it, &headers, now).await?
    {
        return it.screen(&context, &proof, now).await;
    }
    if let Some(visit) = context.user_session() {
        let mine = store::list_associations(it.db.pool(), visit.person).await?;
        if !mine.is_empty() && !asking.is_checked(AGAIN) {
            return Ok(context.render(&it.mine(mine)));
        }
        // What comes of it is a further way into the account.
        let links = it.web.links();
        if let Some(to_sign_in) =
            login::sign_in_again(visit, &parts, links, login::RECENT_AUTHENTICATION, now)
        {
            return Ok(to_sign_in);
        }
    }
    Ok(context.render(&it.start(&context, &asking, [None, None])))
}

/// The address of a form, looked at.
pub(super) async fn send_here(State(it): State<Feature>, context: PageContext) -> Response {
    context.redirect(&it.web.links().association())
}

/// `POST /association/begin/`
pub(super) async fn begin(
    State(it): State<Feature>,
    address: ClientAddress,
    headers: HeaderMap,
    parts: Parts,
    CsrfForm { context, form }: CsrfForm,
) -> Result<Response, PageError> {
    let (now, links) = (it.clock.now(), it.web.links());
    if let Some(visit) = context.user_session()
        && let Some(to_sign_in) =
            login::sign_in_again(visit, &parts, links, login::RECENT_AUTHENTICATION, now)
    {
        return Ok(to_sign_in);
    }
    let claim = match claim(&form, context.user_session()) {
        Ok(claim) => claim,
        Err(told) => {
            let page = it.start(&context, &form, told);
            return Ok(context.render_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page));
        }
    };
    let counted = it.limits.beginnings.take(address.0, now);
    let _counted = counted.map_err(|slowed| {
        PageError::rate_limited(slowed, "Many proofs were begun from your network just now.")
            .with_back_link(links.association(), "Back")
    })?;
    let before = held(&it, &headers);
    let mut tx = it.db.begin().await?;
    let rng = it.rng.as_ref();
    let browser = begin_proof::begin(&mut tx, claim, before.as_ref(), now, rng).await?;
    tx.commit().await.map_err(db::Error::from)?;
    let mut answer = context.redirect(&links.association());
    let (cookies, value) = (it.web.cookies, browser.expose().to_owned());
    cookies.set(
        answer.headers_mut(),
        ASSOCIATION_COOKIE,
        value,
        Some(KEPT_FOR),
    );
    Ok(answer)
}

/// `POST /association/check/`: looks at the questions.
pub(super) async fn check(
    State(it): State<Feature>,
    headers: HeaderMap,
    CsrfForm { context, .. }: CsrfForm,
) -> Result<Response, PageError> {
    let Some(browser) = held(&it, &headers) else {
        return Ok(it.tell(&context, &told_not_now(ProofDelay::Over)));
    };
    let mut tx = it.db.begin().await?;
    let reserved = checking::begin_look(&mut tx, browser.token_hash(), it.clock.now()).await?;
    tx.commit().await.map_err(db::Error::from)?;
    let proof = match reserved {
        Ok(proof) => proof,
        Err(not_now) => return Ok(it.tell(&context, &told_not_now(not_now))),
    };
    let looked = checking::look(&it.portal.questions, &proof, &it.limits, it.clock.as_ref()).await;
    let flash = match looked {
        Ok(PollResult::There) => return it.seen(&context, &proof).await,
        Ok(found) => told_not_there(found, &proof),
        Err(error) => {
            store::mark_not_looked(it.db.pool(), proof.id).await?;
            it.told_trouble(error, &proof)?
        }
    };
    Ok(it.tell(&context, &flash))
}

/// `POST /association/mail/`: another link.
pub(super) async fn mail_again(
    State(it): State<Feature>,
    headers: HeaderMap,
    CsrfForm { context, .. }: CsrfForm,
) -> Result<Response, PageError> {
    let Some(browser) = held(&it, &headers) else {
        return Ok(it.tell(&context, &told_not_now(ProofDelay::Over)));
    };
    let (now, rng) = (it.clock.now(), it.rng.as_ref());
    let mut tx = it.db.begin().await?;
    let mailed = checking::mail_again(&mut tx, browser.token_hash(), now, rng).await?;
    tx.commit().await.map_err(db::Error::from)?;
    let flash = match mailed {
        Ok(proof) => FlashMessage::good(format!(
            "Another link is on its way to {}. Only the newest one works.",
            proof.claim.email
        )),
        Err(not_now) => told_not_now(not_now),
    };
    Ok(it.tell(&context, &flash))
}

/// `POST /association/cancel/`: forgets what is under way in this browser.
pub(super) async fn cancel(
    State(it): State<Feature>,
    headers: HeaderMap,
    CsrfForm { context, .. }: CsrfForm,
) -> Result<Response, PageError> {
    let mut next = None;
    if let Some(browser) = held(&it, &headers)
        && let Some(proof) = store::find_proof(it.db.pool(), browser.token_hash()).await?
    {
        store::mark_cancelled(it.db.pool(), proof.id, it.clock.now()).await?;
        next = proof.claim.next;
    }
    let to = with_next(&it.web.links().association(), next.as_deref());
    let mut answer = context.redirect(&to);
    it.web
        .cookies
        .remove(answer.headers_mut(), ASSOCIATION_COOKIE);
    Ok(answer)
}

/// `GET /association/confirm/?token=…`: what the mailed link shows. Changes nothing, whoever follows it.
pub(super) async fn ask_confirm(
    State(it): State<Feature>,
    RawQuery(query): RawQuery,
    context: PageContext,
) -> Result<Response, PageError> {
    let asking = FormParams::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let (token, now) = (asking.text("token"), it.clock.now());
    let proof = confirming::find(it.db.pool(), token, now).await?;
    let proof = proof.filter(|proof| flow::status(proof, now) == ProofStatus::QuestionSeen);
    let proof = proof.ok_or_else(over)?;
    Ok(context.render(&ConfirmProofPage {
        claimed: it.claimed(&proof).await?,
        action: it.web.links().association_step("confirm"),
        token: token.to_owned(),
    }))
}

/// `POST /association/confirm/`: completes the proof. The sign-in goes on in the browser that began it.
pub(super) async fn confirm(
    State(it): State<Feature>,
    headers: HeaderMap,
    CsrfForm { context, form }: CsrfForm,
) -> Result<Response, PageError> {
    let (now, rng) = (it.clock.now(), it.rng.as_ref());
    let token = form.text("token");
    let proof = confirming::find(it.db.pool(), token, now).await?;
    let proof = proof.ok_or_else(over)?;
    let (roll, mailbox) = (&proof.claim.roll, &proof.claim.email);
    let says = confirming::says(it.db.pool(), roll, mailbox, now).await?;
    let mut tx = it.db.begin().await?;
    let which = (token, &proof);
    let confirmed = confirming::confirm(&mut tx, which, says, now, rng).await;
    confirmed.map_err(|error| it.problem(error, Some(token)))?;
    tx.commit().await.map_err(db::Error::from)?;
    let here = under_way(&it, &headers, now).await?;
    if here.is_some_and(|here| here.id == proof.id) {
        return Ok(context.redirect(&it.web.links().association()));
    }
    Ok(context.render(&ProofDonePage {
        steps: steps(STEPS.len()),
        claimed: it.claimed(&proof).await?,
        verifier: proof.verifier.to_string(),
        enter: None,
        signs_in: false,
    }))
}

/// `POST /association/enter/`: goes on from a proof that is complete, in the browser that began it.
pub(super) async fn enter(
    State(it): State<Feature>,
    headers: HeaderMap,
    CsrfForm { context, form }: CsrfForm,
) -> Result<Response, PageError> {
    let now = it.clock.now();
    let proof = under_way(&it, &headers, now).await?;
    let Some(proof) = proof.filter(|proof| flow::may_enter(proof, now)) else {
        return Ok(it.tell(&context, &told_not_now(ProofDelay::Over)));
    };
    let mut tx = it.db.begin().await?;
    if !store::mark_entered(&mut tx, proof.id, now).await? {
        return Ok(it.tell(&context, &told_not_now(ProofDelay::Over)));
    }
    if proof.claim.person.is_some() {
        tx.commit().await.map_err(db::Error::from)?;
        return Ok(without_proof(
            &it,
            &headers,
            context.redirect(&it.web.links().association()),
        ));
    }
    let identity = ExternalIdentity {
        provider: PROVIDER,
        subject: proof.claim.roll.clone(),
        says: None,
    };
    let lifetime = if form.is_checked("remember") {
        SessionLifetime::Remembered
    } else {
        SessionLifetime::Browser
    };
    let rng = it.rng.as_ref();
    let came_in = login::sign_in(&mut tx, &identity, lifetime, now, rng).await?;
    let came_in = came_in.ok_or_else(|| it.problem(PeopleError::Nobody.into(), None))?;
    tx.commit().await.map_err(db::Error::from)?;
    metrics::record_sign_in(PROVIDER, SignInOutcome::Success);
    let next = proof.claim.next.as_deref().and_then(LocalPath::parse);
    let answer = login::start_session(it.web.links(), &context, came_in, next.as_ref()).await?;
    Ok(without_proof(&it, &headers, answer))
}

/// Takes what is over out of the browser.
fn without_proof(it: &Feature, headers: &HeaderMap, mut answer: Response) -> Response {
    let cookies = it.web.cookies;
    cookies.remove_personal_cookies(headers, answer.headers_mut());
    answer
}

/// `POST /association/look-ups/`: whether apps may look somebody up.
pub(super) async fn save_look_ups(
    State(it): State<Feature>,
    SignedIn { visit, context }: SignedIn,
    CsrfForm { form, .. }: CsrfForm,
) -> Result<Response, PageError> {
    let (roll, allowed) = (form.text("roll"), form.is_checked("allows_look_ups"));
    if !store::mark_look_ups(it.db.pool(), visit.person, roll, allowed).await? {
        return Err(PageError::not_found());
    }
    let told = if allowed {
        "Apps that the campus allowed to may find you now."
    } else {
        "No app can look you up any more."
    };
    Ok(it.tell(&context, &FlashMessage::good(told)))
}

impl Feature {
    /// Back to the screen that is due, which says this.
    fn tell(&self, context: &PageContext, flash: &FlashMessage) -> Response {
        context.redirect_with_message(&self.web.links().association(), flash)
    }

    fn start(
        &self,
        context: &PageContext,
        typed: &FormParams,
        told: [Option<String>; 2],
    ) -> StartProofPage {
        let next = LocalPath::parse(typed.text("next"));
        let [roll, email] = told;
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
            account: context.user_session().map(|visit| visit.username.clone()),
            by_code: context.user_session().is_none().then_some(by_code),
            next,
        }
    }

    /// The screen of a proof that is under way.
    async fn screen(
        &self,
        context: &PageContext,
        proof: &MailboxProof,
        now: Timestamp,
    ) -> Result<Response, PageError> {
        let links = self.web.links();
        let claimed = self.claimed(proof).await?;
        let until = self.web.format_relative(proof.expires_at, now);
        let until = until.trim_start_matches("today at ").to_owned();
        Ok(match flow::status(proof, now) {
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

    /// What is being proved, and for whom.
    async fn claimed(&self, proof: &MailboxProof) -> db::Result<ClaimView> {
        let account = match proof.claim.person {
            Some(person) => records::find(self.db.pool(), person).await?,
            None => None,
        };
        let account = account.map(|person| person.username);
        Ok(ClaimView::of(&proof.claim, account))
    }

    fn mine(&self, associations: Vec<Association>) -> OwnAssociationsPage {
        let links = self.web.links();
        OwnAssociationsPage {
            associations: (associations.into_iter())
                .map(|it| AssociationView {
                    since: self.web.date(it.proved_at),
                    roll: it.roll,
                    email: it.email,
                    allows_look_ups: it.allows_look_ups,
                })
                .collect(),
            save: links.association_step("look-ups"),
            again: format!("{}?{AGAIN}=1", links.association()),
            ways_in: links.linked_identities(),
        }
    }

    /// The verifier was seen: on to the mailbox.
    async fn seen(
        &self,
        context: &PageContext,
        proof: &MailboxProof,
    ) -> Result<Response, PageError> {
        let (now, rng) = (self.clock.now(), self.rng.as_ref());
        let mut tx = self.db.begin().await?;
        let seen = checking::see(&mut tx, proof, now, rng).await;
        seen.map_err(|error| self.problem(error, None))?;
        tx.commit().await.map_err(db::Error::from)?;
        Ok(context.redirect(&self.web.links().association()))
    }
}

/// What somebody sets out to prove, or what is wrong with roll number and mailbox.
fn claim(
    form: &FormParams,
    visit: Option<&UserSession>,
) -> Result<ProofClaim, [Option<String>; 2]> {
    let roll = ErpRollNumber::parse(form.text("roll"));
    let email = Email::parse(form.text("email"));
    match (roll, email) {
        (Ok(roll), Ok(email)) => Ok(ProofClaim {
            roll: roll.as_str().to_owned(),
            email: regular(email.as_str()),
            person: visit.map(|visit| visit.person),
            allows_look_ups: form.is_checked("allows_look_ups"),
            next: LocalPath::parse(form.text("next")).map(|next| next.to_string()),
        }),
        (roll, email) => Err([
            roll.is_err()
                .then(|| "A roll number has nine characters, for instance 22CS10001.".to_owned()),
            email.err().map(|_| {
                "Type a whole mail address, for instance asha@kgpian.iitkgp.ac.in.".to_owned()
            }),
        ]),
    }
}

/// An address with its host in small letters; the part in front is its host's business.
fn regular(email: &str) -> String {
    match email.rsplit_once('@') {
        Some((name, host)) => format!("{name}@{}", host.to_lowercase()),
        None => email.to_owned(),
    }
}

/// What the browser holds of a proof.
fn held(it: &Feature, headers: &HeaderMap) -> Option<Secret> {
    let held = it.web.cookies.read(headers, ASSOCIATION_COOKIE)?;
    (!held.is_empty()).then(|| Secret::new(held))
}

/// The proof that was begun in this browser, if there is anything left to do about it.
async fn under_way(
    it: &Feature,
    headers: &HeaderMap,
    now: Timestamp,
) -> db::Result<Option<MailboxProof>> {
    let Some(browser) = held(it, headers) else {
        return Ok(None);
    };
    let proof = store::find_proof(it.db.pool(), browser.token_hash()).await?;
    Ok(proof.filter(|proof| match flow::status(proof, now) {
        ProofStatus::Pending | ProofStatus::QuestionSeen => true,
        ProofStatus::Complete => flow::may_enter(proof, now),
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
