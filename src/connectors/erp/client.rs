//! The calls of ERP: addresses, fields, cookies in and out. What is heard is read in `reply.rs`.

use std::time::Duration;

use http::{HeaderName, Method, StatusCode, header};
use url::Url;
use zeroize::Zeroizing;

use super::cookie_jar::CookieJar;
use super::reply;
use super::reply::{HtmlPage, RedirectTarget, SendCodeReply, SignInReply, SsoToken, UnknownReply};
use super::roll_number::ErpRollNumber;
use crate::connectors::http::{HttpRequest, HttpResponse};
use crate::connectors::{HttpClient, HttpFailure};

const QUESTION_PATH: &str = "/SSOAdministration/getSecurityQues.htm";
/// Spelt as ERP spells it.
const SEND_CODE_PATH: &str = "/SSOAdministration/getEmilOTP.htm";
const SIGN_IN_PATH: &str = "/SSOAdministration/auth.htm";
const END_OTHER_SESSIONS_PATH: &str = "/SSOAdministration/clearAllSessions.htm";
const LOGOUT_PATHS: [&str; 2] = ["/IIT_ERP3/logout.htm", "/SSOAdministration/logout.htm"];

const TOKEN_COOKIE: &str = "ssoToken";

/// What somebody made up types.
const PROBE_SECRET: &str = "nobody";
const PROBE_CODE: &str = "000000";

const MAX_REDIRECTS: usize = 8;
const LOGOUT_TIMEOUT: Duration = Duration::from_secs(2);

/// Why there is nothing to go on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErpError {
    NoAnswer,
    /// This may be about the one person who was asked about.
    UnknownUserReply(UnknownReply),
    /// This is ERP's own.
    ProtocolMismatch(UnknownReply),
    /// ERP sends us back to the beginning.
    SessionExpired,
}

impl From<HttpFailure> for ErpError {
    fn from(_: HttpFailure) -> Self {
        Self::NoAnswer
    }
}

impl From<UnknownReply> for ErpError {
    fn from(reply: UnknownReply) -> Self {
        Self::UnknownUserReply(reply)
    }
}

/// What is asked about one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErpRequestKind {
    Question,
    Code,
    SignIn,
}

/// ERP's session of one sign-in. Wiped when dropped.
#[derive(Default)]
pub(super) struct ErpSession {
    cookies: CookieJar,
    token: Zeroizing<String>,
}

/// What a person typed, and whose it is.
pub(super) struct ErpCredentials<'a> {
    pub roll: &'a ErpRollNumber,
    pub password: &'a str,
    pub answer: &'a str,
    /// Empty where there is none yet.
    pub code: &'a str,
}

/// ERP as it is reached.
#[derive(Debug, Clone)]
pub(super) struct ErpClient(HttpClient);

impl ErpClient {
    pub(super) fn new(http_client: HttpClient) -> Self {
        Self(http_client)
    }

    /// Goes in at the front door, as far as the login page.
    pub(super) async fn open_session(&self) -> Result<ErpSession, ErpError> {
        let mut session = ErpSession::default();
        let mut response = self
            .get(&mut session, self.0.address(reply::PORTAL))
            .await?;
        if response.location().is_some() {
            let target = self.follow(&response)?;
            if !reply::is_login_page(&target) {
                return Err(UnknownReply("its front door leads elsewhere").into());
            }
            response = self.get(&mut session, target).await?;
        }
        require_success(&response)?;
        let page = HtmlPage::parse(&response.text());
        session.token = reply::parse_session_token(&page, &response.address)?;
        Ok(session)
    }

    /// One of somebody's three questions, at random; none for a number that ERP does not know.
    pub(super) async fn fetch_question(
        &self,
        session: &mut ErpSession,
        roll: &ErpRollNumber,
    ) -> Result<Option<String>, ErpError> {
        let request = self.post(QUESTION_PATH).form(&[("user_id", roll.as_str())]);
        let response = self.send(session, QUESTION_PATH, request).await?;
        require_success(&response)?;
        Ok(reply::parse_question(&response.text())?)
    }

    /// Asks for a code by mail. Every one that is sent is a mail to somebody: never asked twice.
    pub(super) async fn send_code(
        &self,
        session: &mut ErpSession,
        credentials: &ErpCredentials<'_>,
    ) -> Result<SendCodeReply, ErpError> {
        let response = self
            .post_login_form(session, SEND_CODE_PATH, credentials)
            .await?;
        require_success(&response)?;
        Ok(reply::parse_send_code_reply(&response.text())?)
    }

    /// Tries to sign in, and follows ERP to where it shows whether it worked. The token is not presented.
    pub(super) async fn sign_in(
        &self,
        session: &mut ErpSession,
        credentials: &ErpCredentials<'_>,
    ) -> Result<SignInReply, ErpError> {
        // What counts as a proof has to come of this very call.
        session.cookies.remove(TOKEN_COOKIE);
        let mut response = self
            .post_login_form(session, SIGN_IN_PATH, credentials)
            .await?;
        for _ in 0..MAX_REDIRECTS {
            if response.location().is_none() {
                return self.read_final_page(session, &response).await;
            }
            let target = self.follow(&response)?;
            match reply::classify_redirect(&target) {
                RedirectTarget::Portal(token) => return Ok(SignInReply::Token(token)),
                RedirectTarget::SessionExpired => return Err(ErpError::SessionExpired),
                RedirectTarget::Intermediate => response = self.get(session, target).await?,
            }
        }
        Err(ErpError::ProtocolMismatch(UnknownReply(
            "it redirects in circles",
        )))
    }

    async fn read_final_page(
        &self,
        session: &mut ErpSession,
        response: &HttpResponse,
    ) -> Result<SignInReply, ErpError> {
        require_success(response)?;
        let body = response.text();
        let page = HtmlPage::parse(&body);
        let reply = reply::parse_sign_in_page(&page, &body, session.cookies.value(TOKEN_COOKIE))?;
        if let SignInReply::Token(token) = &reply {
            // Found on a page and not in a redirect: it has to open the portal.
            self.open_portal(session, token).await?;
        }
        Ok(reply)
    }

    /// Whether ERP speaks as we know it when the same is asked about somebody made up, who has no record
    /// there and typed nothing. Silence says nothing against it.
    pub(super) async fn is_unchanged(&self, kind: ErpRequestKind) -> bool {
        let roll = ErpRollNumber::nonexistent();
        let credentials = |code| ErpCredentials {
            roll: &roll,
            password: PROBE_SECRET,
            answer: PROBE_SECRET,
            code,
        };
        let probe = async {
            let mut session = self.open_session().await?;
            match kind {
                ErpRequestKind::Question => {
                    self.fetch_question(&mut session, &roll).await.map(|_| true)
                }
                ErpRequestKind::Code => {
                    let reply = self.send_code(&mut session, &credentials("")).await?;
                    Ok(reply != SendCodeReply::Sent)
                }
                ErpRequestKind::SignIn => {
                    let reply = self.sign_in(&mut session, &credentials(PROBE_CODE)).await?;
                    Ok(!matches!(reply, SignInReply::Token(_)))
                }
            }
        };
        match probe.await {
            Ok(is_unchanged) => is_unchanged,
            Err(ErpError::NoAnswer | ErpError::SessionExpired) => true,
            Err(ErpError::UnknownUserReply(_) | ErpError::ProtocolMismatch(_)) => false,
        }
    }

    /// Presents the token, which spends it: the portal's page, if it opens.
    pub(super) async fn open_portal(
        &self,
        session: &mut ErpSession,
        token: &SsoToken,
    ) -> Result<HtmlPage, ErpError> {
        let mut target = self.0.address(reply::PORTAL);
        target.query_pairs_mut().append_pair("ssoToken", &token.0);
        let mut response = self.get(session, target).await?;
        for _ in 0..MAX_REDIRECTS {
            if response.location().is_none() {
                break;
            }
            let target = self.follow(&response)?;
            response = self.get(session, target).await?;
        }
        require_success(&response)?;
        let body = response.text();
        let page = HtmlPage::parse(&body);
        if reply::is_portal_page(&response.address, &body, &page) {
            Ok(page)
        } else {
            Err(ErpError::ProtocolMismatch(UnknownReply(
                "a token that does not open the portal",
            )))
        }
    }

    /// Ends the person's other sessions.
    pub(super) async fn end_other_sessions(
        &self,
        session: &mut ErpSession,
        roll: &ErpRollNumber,
    ) -> Result<(), ErpError> {
        let request = self
            .post(END_OTHER_SESSIONS_PATH)
            .header(
                HeaderName::from_static("x-requested-with"),
                "XMLHttpRequest",
            )
            .header(header::ACCEPT, "text/plain, */*; q=0.01")
            .form(&[("user_code", roll.as_str())]);
        let response = self.send(session, END_OTHER_SESSIONS_PATH, request).await?;
        require_success(&response)
    }

    /// Leaves no session behind, as far as that can be had in a moment.
    pub(super) async fn log_out(&self, mut session: ErpSession) {
        for path in LOGOUT_PATHS {
            let request = self.0.get(path).within(LOGOUT_TIMEOUT);
            // ERP lets what is left run out by itself.
            let _ = self.send(&mut session, path, request).await;
        }
    }

    async fn post_login_form(
        &self,
        session: &mut ErpSession,
        path: &str,
        credentials: &ErpCredentials<'_>,
    ) -> Result<HttpResponse, ErpError> {
        let requested_url = self.0.address(reply::PORTAL);
        let fields = [
            ("user_id", credentials.roll.as_str()),
            ("password", credentials.password),
            ("answer", credentials.answer),
            ("typeee", "SI"),
            ("sessionToken", session.token.as_str()),
            ("requestedUrl", requested_url.as_str()),
            ("email_otp", credentials.code),
        ];
        let request = self.post(path).form(&fields);
        self.send(session, path, request).await
    }

    fn post(&self, path: &str) -> HttpRequest<'_> {
        let referer = self.0.address(reply::PORTAL);
        self.0
            .post(path)
            .header(header::ORIGIN, &self.0.origin())
            .header(header::REFERER, referer.as_str())
    }

    async fn get(&self, session: &mut ErpSession, target: Url) -> Result<HttpResponse, ErpError> {
        let path = target.path().to_owned();
        let request = self.0.call(Method::GET, target);
        self.send(session, &path, request).await
    }

    async fn send(
        &self,
        session: &mut ErpSession,
        path: &str,
        request: HttpRequest<'_>,
    ) -> Result<HttpResponse, ErpError> {
        let cookies = session.cookies.cookie_header(&self.0.address(path));
        let request = match &cookies {
            Some(line) => request.header(header::COOKIE, line),
            None => request,
        };
        let response = request.send().await?;
        session
            .cookies
            .store_from(&response.address, &response.headers);
        // Asked too often, or what a firewall before it says to words it does not like, is no change of ERP's:
        // who asked through us need not have wanted anything good.
        let is_kept_off = matches!(
            response.status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::FORBIDDEN
        );
        if response.status.is_server_error() || is_kept_off {
            return Err(ErpError::NoAnswer);
        }
        Ok(response)
    }

    fn follow(&self, response: &HttpResponse) -> Result<Url, ErpError> {
        let location = response.location().unwrap_or_default();
        let target = self.0.follow(&response.address, location);
        target.ok_or(ErpError::ProtocolMismatch(UnknownReply(
            "it redirects to another server",
        )))
    }
}

/// An answer that is one, and no redirect.
fn require_success(response: &HttpResponse) -> Result<(), ErpError> {
    if response.status.is_success() {
        return Ok(());
    }
    Err(UnknownReply("a status that it never had there").into())
}
