//! Authorization requests that the browser sends for a page (FedCM). The same decision as at
//! `/oauth/authorize`, answered in JSON instead of redirects and pages.

use super::decide::{Outcome, RequestContext, decide};
use super::issue_code::issue_code;
use super::model::{AuthorizeFacts, ResponseMode, SessionFacts};
use super::params::AuthorizationParams;
use super::refusal::{AuthorizeRefusal, NonRedirectableError};
use super::{Feature, store};
use crate::platform::clock::Timestamp;
use crate::platform::credential_epoch::CredentialEpoch;
use crate::platform::db;
use crate::platform::id::PersonId;
use crate::platform::web::FormParams;
use crate::protocol::oauth::{OAuthError, OAuthErrorCode};

/// The response to the browser.
#[derive(Debug)]
pub enum FedcmOutcome {
    /// Earlier consent covers the request: the token for the page.
    Token(String),
    /// A credential event ended the session in the meantime.
    SessionEnded,
    /// The person has to decide: the address of our page for the browser's dialog.
    ContinueOn(String),
    Refused(OAuthError),
}

impl Feature {
    /// Answers the request of a page at `origin`, for which `person` has chosen their account.
    pub async fn answer_fedcm(
        &self,
        form: &FormParams,
        origin: &str,
        (person, epoch): (PersonId, CredentialEpoch),
        now: Timestamp,
    ) -> db::Result<FedcmOutcome> {
        let params = match AuthorizationParams::from_form(form) {
            Ok(params) => params,
            Err(error) => return Ok(self.refuse_fedcm(error.into(), None, now)),
        };
        let client_id = params.client_id.as_deref().unwrap_or_default();
        let facts = store::find_facts(self.db.pool(), client_id, Some((person, epoch))).await?;
        let context = RequestContext {
            response_mode: match form.text("response_mode") {
                "query" => ResponseMode::FedcmUrl,
                _ => ResponseMode::FedcmCode,
            },
            fedcm_origin: Some(origin),
            user_cap: self.settings.cap,
        };
        let outcome = match decide(&params, facts.as_ref(), &context) {
            Ok(outcome) => outcome,
            Err(refusal) => return Ok(self.refuse_fedcm(refusal, facts.as_ref(), now)),
        };
        match outcome {
            Outcome::IssueCode {
                request,
                grant,
                epoch,
                access,
            } => {
                let mut connection = self.db.connection().await?;
                let rng = self.rng.as_ref();
                let grant = (grant, epoch);
                let code = issue_code(&mut connection, grant, access, &request, now, rng).await?;
                let issuer = self.web.links.issuer();
                Ok(match code {
                    Some(code) => {
                        FedcmOutcome::Token(request.target.fedcm_token(code.expose(), &issuer))
                    }
                    None => FedcmOutcome::SessionEnded,
                })
            }
            Outcome::SignIn | Outcome::ShowConsent(_) => {
                let mode = context.response_mode;
                let page = self.continue_on(form, client_id, (person, epoch), mode);
                Ok(FedcmOutcome::ContinueOn(page))
            }
        }
    }

    fn refuse_fedcm(
        &self,
        refusal: AuthorizeRefusal,
        facts: Option<&AuthorizeFacts>,
        now: Timestamp,
    ) -> FedcmOutcome {
        self.record_refusal(&refusal, facts.map(|facts| facts.client.app), now);
        FedcmOutcome::Refused(match refusal {
            AuthorizeRefusal::ErrorPage(error) => fedcm_error(&error),
            AuthorizeRefusal::Redirect { error, .. } => error.to_oauth_error(),
        })
    }

    /// The address of the same request at `/oauth/authorize`, whose response goes to the dialog.
    fn continue_on(
        &self,
        form: &FormParams,
        client_id: &str,
        (person, epoch): (PersonId, CredentialEpoch),
        mode: ResponseMode,
    ) -> String {
        let ours = ["response_mode", "dialog"];
        let params = form.iter().filter(|(name, _)| !ours.contains(name));
        let mode = mode.as_str().map(|mode| ("response_mode", mode));
        let dialog = DialogBinding::new(client_id, person, epoch);
        let mac = self.web.form_key.mac(&dialog.parts());
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(params.chain(mode).chain([("dialog", mac.as_str())]))
            .finish();
        let links = &self.web.links;
        format!("{}?{query}", links.absolute(&links.authorize()))
    }

    /// The response mode of a request at `/oauth/authorize`. The response goes to the FedCM dialog only
    /// if our FedCM endpoint opened the page, for this person and this client: otherwise a link in the
    /// dialog of one app could make it hand over the code of another.
    pub(super) fn response_mode(
        &self,
        params: &AuthorizationParams,
        session: Option<&SessionFacts>,
    ) -> ResponseMode {
        let Some(session) = session else {
            return ResponseMode::Query;
        };
        let client_id = params.client_id.as_deref().unwrap_or_default();
        let dialog = DialogBinding::new(client_id, session.person, session.epoch);
        let mac = params.dialog.as_deref().unwrap_or_default();
        if self.web.form_key.verify_mac(mac, &dialog.parts()) {
            ResponseMode::parse(params.response_mode.as_deref())
        } else {
            ResponseMode::Query
        }
    }
}

/// What the MAC in `dialog` binds: the app that opened the dialog, the person who chose their account, and the
/// epoch of their session.
struct DialogBinding<'a> {
    client_id: &'a str,
    person: String,
    epoch: String,
}

impl<'a> DialogBinding<'a> {
    fn new(client_id: &'a str, person: PersonId, epoch: CredentialEpoch) -> Self {
        Self {
            client_id,
            person: person.to_string(),
            epoch: epoch.to_string(),
        }
    }

    fn parts(&self) -> [&[u8]; 4] {
        [
            b"dialog",
            self.client_id.as_bytes(),
            self.person.as_bytes(),
            self.epoch.as_bytes(),
        ]
    }
}

/// What `/oauth/authorize` shows on a page, in the words of OAuth. An unknown client and an unregistered
/// redirect URI look alike.
fn fedcm_error(error: &NonRedirectableError) -> OAuthError {
    use NonRedirectableError as Error;
    let (code, description) = match error {
        Error::UnreadableRequest | Error::RepeatedParameter(_) => {
            (OAuthErrorCode::InvalidRequest, "A parameter came twice.")
        }
        Error::RequestTooLong => (OAuthErrorCode::InvalidRequest, "The request is too long."),
        Error::MissingClientId
        | Error::UnknownClient
        | Error::SuspendedClient { .. }
        | Error::UnregisteredRedirectUri { .. }
        | Error::ConsentPageExpired
        | Error::MissingDecision
        | Error::ClientChanged => (
            OAuthErrorCode::UnauthorizedClient,
            "No app of this client_id returns to this redirect_uri.",
        ),
        Error::OriginMismatch => (
            OAuthErrorCode::InvalidRequest,
            "The page and its redirect_uri must be of one origin.",
        ),
        Error::ClosingAccount { .. } => (OAuthErrorCode::AccessDenied, "The account is closed."),
        Error::UserCapReached { .. } => (OAuthErrorCode::AccessDenied, "The app is full."),
    };
    OAuthError::new(code, description)
}
