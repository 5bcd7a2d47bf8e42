//! The HTTP requests to ERP: paths, form fields and cookies. `reply.rs` parses the responses.

use std::time::Duration;

use http::{HeaderName, Method, StatusCode, header};
use url::Url;
use zeroize::Zeroizing;

use super::cookie_jar::CookieJar;
use super::html_page::HtmlPage;
use super::reply;
use super::reply::{RedirectTarget, SendCodeReply, SignInReply, SsoToken, UnknownReply};
use super::roll_number::ErpRollNumber;
use crate::connectors::http::{HttpRequest, HttpResponse};
use crate::connectors::{HttpClient, HttpFailure};

const QUESTION_PATH: &str = "/SSOAdministration/getSecurityQues.htm";
/// "Emil" is ERP's spelling.
const SEND_CODE_PATH: &str = "/SSOAdministration/getEmilOTP.htm";
const SIGN_IN_PATH: &str = "/SSOAdministration/auth.htm";
const END_OTHER_SESSIONS_PATH: &str = "/SSOAdministration/clearAllSessions.htm";
const LOGOUT_PATHS: [&str; 2] = ["/IIT_ERP3/logout.htm", "/SSOAdministration/logout.htm"];

const TOKEN_COOKIE: &str = "ssoToken";

/// Password and answer that a probe sends.
const PROBE_SECRET: &str = "nobody";
const PROBE_CODE: &str = "000000";

const MAX_REDIRECTS: usize = 8;
const LOGOUT_TIMEOUT: Duration = Duration::from_secs(2);

/// Why a request to ERP gives no usable reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErpError {
    NoAnswer,
    /// An unknown reply that one user's record or input may have caused.
    UnknownUserReply(UnknownReply),
    /// An unknown reply that no user's data can cause.
    ProtocolMismatch(UnknownReply),
    /// ERP redirects to its login or logout page.
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

/// The requests about one roll number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErpRequestKind {
    Question,
    Code,
    SignIn,
}

/// ERP's session during one sign-in. Its cookies and token are wiped when it is dropped.
#[derive(Default)]
pub(super) struct ErpSession {
    cookies: CookieJar,
    token: Zeroizing<String>,
}

/// The roll number and what the person typed.
pub(super) struct ErpCredentials<'a> {
    pub roll: &'a ErpRollNumber,
    pub password: &'a str,
    pub answer: &'a str,
    /// Empty before ERP has mailed a code.
    pub code: &'a str,
}

/// The HTTP client of ERP. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct ErpClient(HttpClient);

impl ErpClient {
    pub(super) fn new(http_client: HttpClient) -> Self {
        Self(http_client)
    }

    /// Opens the portal, follows its redirect to the login page, and reads the session token there.
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

    /// Fetches one of the roll number's three security questions, at random; `None` if ERP does not have
    /// the roll number.
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

    /// Asks ERP to mail a code. The request is never repeated, because each one sends a mail.
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

    /// Posts the sign-in form and follows redirects up to the reply. A token in a redirect is not
    /// presented to the portal.
    pub(super) async fn sign_in(
        &self,
        session: &mut ErpSession,
        credentials: &ErpCredentials<'_>,
    ) -> Result<SignInReply, ErpError> {
        // Removes an older token, so that a token found later comes from this request.
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
            // A token on a page or in a cookie counts only if it opens the portal.
            self.open_portal(session, token).await?;
        }
        Ok(reply)
    }

    /// Repeats a request with a nonexistent roll number and made-up credentials. Returns whether the
    /// reply is a known one, which shows that ERP itself has not changed. No answer counts as unchanged.
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

    /// Presents the token to the portal and returns the portal's page. This spends the token.
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

    /// Ends the person's other ERP sessions.
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

    /// Logs out of both ERP applications, with a short timeout.
    pub(super) async fn log_out(&self, mut session: ErpSession) {
        for path in LOGOUT_PATHS {
            let request = self.0.get(path).within(LOGOUT_TIMEOUT);
            // A failure is ignored: ERP's sessions expire by themselves.
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
        // A rate limit or a firewall's refusal counts as no answer and not as a change of ERP, because
        // what a user types can cause both.
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

/// Requires a 2xx status: neither an error nor a redirect.
fn require_success(response: &HttpResponse) -> Result<(), ErpError> {
    if response.status.is_success() {
        return Ok(());
    }
    Err(UnknownReply("a status that it never had there").into())
}
