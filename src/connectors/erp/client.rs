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

const QUESTION: &str = "/SSOAdministration/getSecurityQues.htm";
/// Spelt as ERP spells it.
const SEND_CODE: &str = "/SSOAdministration/getEmilOTP.htm";
const SIGN_IN: &str = "/SSOAdministration/auth.htm";
const END_OTHERS: &str = "/SSOAdministration/clearAllSessions.htm";
const WAYS_OUT: [&str; 2] = ["/IIT_ERP3/logout.htm", "/SSOAdministration/logout.htm"];

const TOKEN_COOKIE: &str = "ssoToken";

/// What somebody made up types.
const NOBODYS: &str = "nobody";
const NOBODYS_CODE: &str = "000000";

const MOST_HOPS: usize = 8;
const OUT_WITHIN: Duration = Duration::from_secs(2);

/// Why there is nothing to go on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErpError {
    Silence,
    /// This may be about the one person who was asked about.
    Strange(UnknownReply),
    /// This is ERP's own.
    Changed(UnknownReply),
    /// ERP sends us back to the beginning.
    Expired,
}

impl From<HttpFailure> for ErpError {
    fn from(_: HttpFailure) -> Self {
        Self::Silence
    }
}

impl From<UnknownReply> for ErpError {
    fn from(strange: UnknownReply) -> Self {
        Self::Strange(strange)
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
    jar: CookieJar,
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
    pub(super) fn new(caller: HttpClient) -> Self {
        Self(caller)
    }

    /// Goes in at the front door, as far as the login page.
    pub(super) async fn open(&self) -> Result<ErpSession, ErpError> {
        let mut session = ErpSession::default();
        let mut heard = self
            .get(&mut session, self.0.address(reply::PORTAL))
            .await?;
        if heard.location().is_some() {
            let to = self.follow(&heard)?;
            if !reply::is_login(&to) {
                return Err(UnknownReply("its front door leads elsewhere").into());
            }
            heard = self.get(&mut session, to).await?;
        }
        settled(&heard)?;
        let page = HtmlPage::read(&heard.text());
        session.token = reply::session_token(&page, &heard.address)?;
        Ok(session)
    }

    /// One of somebody's three questions, at random; none for a number that ERP does not know.
    pub(super) async fn question(
        &self,
        session: &mut ErpSession,
        roll: &ErpRollNumber,
    ) -> Result<Option<String>, ErpError> {
        let call = self.post(QUESTION).form(&[("user_id", roll.as_str())]);
        let heard = self.send(session, QUESTION, call).await?;
        settled(&heard)?;
        Ok(reply::question(&heard.text())?)
    }

    /// Asks for a code by mail. Every one that is sent is a mail to somebody: never asked twice.
    pub(super) async fn send_code(
        &self,
        session: &mut ErpSession,
        given: &ErpCredentials<'_>,
    ) -> Result<SendCodeReply, ErpError> {
        let heard = self.post_all(session, SEND_CODE, given).await?;
        settled(&heard)?;
        Ok(reply::code(&heard.text())?)
    }

    /// Tries to sign in, and follows ERP to where it shows whether it worked. The token is not presented.
    pub(super) async fn sign_in(
        &self,
        session: &mut ErpSession,
        given: &ErpCredentials<'_>,
    ) -> Result<SignInReply, ErpError> {
        // What counts as a proof has to come of this very call.
        session.jar.forget(TOKEN_COOKIE);
        let mut heard = self.post_all(session, SIGN_IN, given).await?;
        for _ in 0..MOST_HOPS {
            if heard.location().is_none() {
                return self.ended(session, &heard).await;
            }
            let to = self.follow(&heard)?;
            match reply::hop(&to) {
                RedirectTarget::Success(token) => return Ok(SignInReply::Token(token)),
                RedirectTarget::Expired => return Err(ErpError::Expired),
                RedirectTarget::Onward => heard = self.get(session, to).await?,
            }
        }
        Err(ErpError::Changed(UnknownReply("it redirects in circles")))
    }

    async fn ended(
        &self,
        session: &mut ErpSession,
        heard: &HttpResponse,
    ) -> Result<SignInReply, ErpError> {
        settled(heard)?;
        let body = heard.text();
        let page = HtmlPage::read(&body);
        let reply = reply::signed_in(&page, &body, session.jar.value(TOKEN_COOKIE))?;
        if let SignInReply::Token(token) = &reply {
            // Found on a page and not in a redirect: it has to open the portal.
            self.present(session, token).await?;
        }
        Ok(reply)
    }

    /// Whether ERP speaks as we know it when the same is asked about somebody made up, who has no record
    /// there and typed nothing. Silence says nothing against it.
    pub(super) async fn is_itself(&self, about: ErpRequestKind) -> bool {
        let nobody = ErpRollNumber::of_nobody();
        let given = |code| ErpCredentials {
            roll: &nobody,
            password: NOBODYS,
            answer: NOBODYS,
            code,
        };
        let asked = async {
            let mut session = self.open().await?;
            match about {
                ErpRequestKind::Question => {
                    self.question(&mut session, &nobody).await.map(|_| true)
                }
                ErpRequestKind::Code => {
                    let reply = self.send_code(&mut session, &given("")).await?;
                    Ok(reply != SendCodeReply::Sent)
                }
                ErpRequestKind::SignIn => {
                    let reply = self.sign_in(&mut session, &given(NOBODYS_CODE)).await?;
                    Ok(!matches!(reply, SignInReply::Token(_)))
                }
            }
        };
        match asked.await {
            Ok(is_itself) => is_itself,
            Err(ErpError::Silence | ErpError::Expired) => true,
            Err(ErpError::Strange(_) | ErpError::Changed(_)) => false,
        }
    }

    /// Presents the token, which spends it: the portal's page, if it opens.
    pub(super) async fn present(
        &self,
        session: &mut ErpSession,
        token: &SsoToken,
    ) -> Result<HtmlPage, ErpError> {
        let mut to = self.0.address(reply::PORTAL);
        to.query_pairs_mut().append_pair("ssoToken", &token.0);
        let mut heard = self.get(session, to).await?;
        for _ in 0..MOST_HOPS {
            if heard.location().is_none() {
                break;
            }
            let to = self.follow(&heard)?;
            heard = self.get(session, to).await?;
        }
        settled(&heard)?;
        let body = heard.text();
        let page = HtmlPage::read(&body);
        if reply::is_portal(&heard.address, &body, &page) {
            Ok(page)
        } else {
            Err(ErpError::Changed(UnknownReply(
                "a token that does not open the portal",
            )))
        }
    }

    /// Ends the person's other sessions.
    pub(super) async fn end_others(
        &self,
        session: &mut ErpSession,
        roll: &ErpRollNumber,
    ) -> Result<(), ErpError> {
        let call = self
            .post(END_OTHERS)
            .header(
                HeaderName::from_static("x-requested-with"),
                "XMLHttpRequest",
            )
            .header(header::ACCEPT, "text/plain, */*; q=0.01")
            .form(&[("user_code", roll.as_str())]);
        let heard = self.send(session, END_OTHERS, call).await?;
        settled(&heard)
    }

    /// Leaves no session behind, as far as that can be had in a moment.
    pub(super) async fn log_out(&self, mut session: ErpSession) {
        for way in WAYS_OUT {
            let call = self.0.get(way).within(OUT_WITHIN);
            // ERP lets what is left run out by itself.
            let _ = self.send(&mut session, way, call).await;
        }
    }

    async fn post_all(
        &self,
        session: &mut ErpSession,
        path: &str,
        given: &ErpCredentials<'_>,
    ) -> Result<HttpResponse, ErpError> {
        let wanted = self.0.address(reply::PORTAL);
        let fields = [
            ("user_id", given.roll.as_str()),
            ("password", given.password),
            ("answer", given.answer),
            ("typeee", "SI"),
            ("sessionToken", session.token.as_str()),
            ("requestedUrl", wanted.as_str()),
            ("email_otp", given.code),
        ];
        let call = self.post(path).form(&fields);
        self.send(session, path, call).await
    }

    fn post(&self, path: &str) -> HttpRequest<'_> {
        let referer = self.0.address(reply::PORTAL);
        self.0
            .post(path)
            .header(header::ORIGIN, &self.0.origin())
            .header(header::REFERER, referer.as_str())
    }

    async fn get(&self, session: &mut ErpSession, to: Url) -> Result<HttpResponse, ErpError> {
        let path = to.path().to_owned();
        let call = self.0.call(Method::GET, to);
        self.send(session, &path, call).await
    }

    async fn send(
        &self,
        session: &mut ErpSession,
        path: &str,
        call: HttpRequest<'_>,
    ) -> Result<HttpResponse, ErpError> {
        let cookies = session.jar.header(&self.0.address(path));
        let call = match &cookies {
            Some(line) => call.header(header::COOKIE, line),
            None => call,
        };
        let heard = call.send().await?;
        session.jar.store(&heard.address, &heard.headers);
        // Asked too often, or what a firewall before it says to words it does not like, is no change of ERP's:
        // who asked through us need not have wanted anything good.
        let is_kept_off = matches!(
            heard.status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::FORBIDDEN
        );
        if heard.status.is_server_error() || is_kept_off {
            return Err(ErpError::Silence);
        }
        Ok(heard)
    }

    fn follow(&self, heard: &HttpResponse) -> Result<Url, ErpError> {
        let location = heard.location().unwrap_or_default();
        let to = self.0.follow(&heard.address, location);
        to.ok_or(ErpError::Changed(UnknownReply(
            "it redirects to another server",
        )))
    }
}

/// An answer that is one, and no redirect.
fn settled(heard: &HttpResponse) -> Result<(), ErpError> {
    if heard.status.is_success() {
        return Ok(());
    }
    Err(UnknownReply("a status that it never had there").into())
}
