//! A request that comes by the browser's own sign-in dialog (FedCM), where no page is shown unless one
//! has to be.

use super::ask::AuthorizationParams;
use super::model::ResponseMode;
use super::rules::AuthorizeStep;
use super::{Feature, decide, rules, store};
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::id::PersonId;
use crate::platform::web::FormParams;
use crate::protocol::oauth::{OAuthError, OAuthErrorCode as ErrorCode};

/// What the dialog is told.
#[derive(Debug)]
pub enum FedcmOutcome {
    /// Everything was decided before: what it gives to the page.
    Token(String),
    /// Go on with this page of ours.
    Ask(String),
    Refused(OAuthError),
}

impl Feature {
    /// Answers a request of the page at `origin`, in which `person` chose their account. Nothing goes to
    /// a page of another origin than the redirect URI's: where a redirect would not lead, neither does
    /// the dialog.
    pub async fn answer_unseen(
        &self,
        pairs: &FormParams,
        origin: &str,
        person: PersonId,
        now: Timestamp,
    ) -> db::Result<FedcmOutcome> {
        let Ok(asked) = AuthorizationParams::read(pairs) else {
            return Ok(refused(
                ErrorCode::InvalidRequest,
                "A parameter came twice.",
            ));
        };
        let client_id = asked.client_id.as_deref().unwrap_or_default();
        let asker = store::find_asker(self.db.pool(), client_id, Some(person)).await?;
        let unknown = "No app of this client_id returns to this redirect_uri.";
        let Some(asker) = asker else {
            return Ok(refused(ErrorCode::UnauthorizedClient, unknown));
        };
        let Ok(mut return_to) = asked.return_to(&asker) else {
            return Ok(refused(ErrorCode::UnauthorizedClient, unknown));
        };
        if return_to.redirect_uri.origin().as_deref() != Some(origin) {
            let text = "The page and its redirect_uri must be of one origin.";
            return Ok(refused(ErrorCode::InvalidRequest, text));
        }
        return_to.through = match pairs.text("response_mode") {
            "query" => ResponseMode::DialogAddress,
            _ => ResponseMode::DialogCode,
        };
        if asker.is_leaving {
            return Ok(refused(ErrorCode::AccessDenied, "The account is closed."));
        }
        let through = return_to.through;
        let request = match asked.request(&asker, return_to) {
            Ok(request) => request,
            Err(error) => return Ok(FedcmOutcome::Refused(error)),
        };
        match rules::next(&asker, &request, person, self.settings.cap) {
            AuthorizeStep::Issue { grant, share } => {
                let mut connection = self.db.connection().await?;
                let rng = self.rng.as_ref();
                let code = decide::issue(&mut connection, grant, share, &request, now, rng);
                let issuer = self.web.links.issuer();
                let token = request.return_to.token(code.await?.expose(), &issuer);
                Ok(FedcmOutcome::Token(token))
            }
            AuthorizeStep::Ask => Ok(FedcmOutcome::Ask(
                self.page_for(pairs, client_id, person, through),
            )),
            AuthorizeStep::Full => Ok(refused(ErrorCode::AccessDenied, "The app is full.")),
        }
    }

    /// The address of the same request's page, whose answer goes to the dialog.
    fn page_for(
        &self,
        pairs: &FormParams,
        client_id: &str,
        person: PersonId,
        through: ResponseMode,
    ) -> String {
        let ours = ["response_mode", "dialog"];
        let own = pairs.iter().filter(|(name, _)| !ours.contains(name));
        let mode = through.name().map(|name| ("response_mode", name));
        let whose = DialogContext(client_id, person.to_string());
        let seal = self.web.form_key.mac(&whose.parts());
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(own.chain(mode).chain([("dialog", seal.as_str())]))
            .finish();
        let links = &self.web.links;
        format!("{}?{query}", links.absolute(&links.authorize()))
    }

    /// How the answer to a request travels. Into the dialog only if we sent this person's dialog here for
    /// this very app: otherwise a link in one app's dialog could make it hand over another app's code.
    pub(super) fn way_back(&self, asked: &AuthorizationParams, person: PersonId) -> ResponseMode {
        let client_id = asked.client_id.as_deref().unwrap_or_default();
        let seal = asked.dialog.as_deref().unwrap_or_default();
        let whose = DialogContext(client_id, person.to_string());
        if self.web.form_key.verify_mac(seal, &whose.parts()) {
            ResponseMode::named(asked.response_mode.as_deref())
        } else {
            ResponseMode::Redirect
        }
    }
}

/// What the seal of a dialog is over: the app that opened it, and who chose their account in it.
struct DialogContext<'a>(&'a str, String);

impl DialogContext<'_> {
    fn parts(&self) -> [&[u8]; 3] {
        [b"dialog", self.0.as_bytes(), self.1.as_bytes()]
    }
}

fn refused(code: ErrorCode, description: &str) -> FedcmOutcome {
    FedcmOutcome::Refused(OAuthError::new(code, description))
}
