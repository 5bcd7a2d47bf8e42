//! The addresses of all pages and endpoints, one function each. They are built from `PROFILES_PUBLIC_URL`
//! and never from the `Host` header of a request, which a client can forge.

use std::fmt::Display;
use std::sync::Arc;

use url::Url;

use crate::platform::id::{AppId, AuditId, RequestId};

/// Builds addresses below the public URL. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Links(Arc<BaseUrl>);

#[derive(Debug)]
struct BaseUrl {
    /// `https://profiles.campus.example`
    origin: String,
    /// Empty, or `/profiles`; no trailing slash.
    prefix: String,
    secure: bool,
}

impl Links {
    pub fn new(public_url: &Url) -> Self {
        Self(Arc::new(BaseUrl {
            origin: public_url.origin().ascii_serialization(),
            prefix: public_url.path().trim_end_matches('/').to_owned(),
            secure: public_url.scheme() == "https",
        }))
    }

    /// The issuer identifier (RFC 8414 §2, RFC 9207): the public URL without a trailing slash.
    pub fn issuer(&self) -> String {
        format!("{}{}", self.0.origin, self.0.prefix)
    }

    pub fn origin(&self) -> &str {
        &self.0.origin
    }

    /// Host and port, as in a `Host` header.
    pub fn host(&self) -> &str {
        self.0.origin.split_once("://").map_or("", |(_, host)| host)
    }

    /// The path prefix of every address: empty, or `/profiles`.
    pub fn prefix(&self) -> &str {
        &self.0.prefix
    }

    /// Whether the public URL is `https`.
    pub fn is_secure(&self) -> bool {
        self.0.secure
    }

    /// An address with origin, for mails, metadata and redirects by other parties.
    pub fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.0.origin)
    }

    fn path(&self, rest: impl Display) -> String {
        format!("{}{rest}", self.0.prefix)
    }

    pub fn home(&self) -> String {
        self.path("/")
    }
    pub fn login(&self) -> String {
        self.path("/account/login/")
    }
    pub fn login_with(&self, connector: &str) -> String {
        self.path(format_args!("/account/login/{connector}/"))
    }
    /// Where the browser comes back from the upstream of a connector that redirects.
    pub fn login_callback(&self, connector: &str) -> String {
        self.path(format_args!("/account/login/{connector}/callback/"))
    }
    /// The captcha of a login form. `attempt` is letters and digits.
    pub fn captcha(&self, connector: &str, attempt: &str) -> String {
        self.path(format_args!(
            "/account/login/{connector}/picture/?attempt={attempt}"
        ))
    }
    /// The login page of a connector, to link another identity to the signed-in account.
    pub fn link_identity(&self, connector: &str) -> String {
        self.path(format_args!("/account/login/{connector}/?link=1"))
    }
    pub fn logout(&self) -> String {
        self.path("/account/logout/")
    }
    pub fn authorize(&self) -> String {
        self.path("/oauth/authorize/")
    }
    pub fn authorization_request(&self, id: RequestId) -> String {
        self.path(format_args!("/oauth/authorize/{id}/"))
    }
    /// A long authorization request that the server keeps under `name`, which is letters and digits.
    pub fn kept_authorization_request(&self, name: &str, client_id: &str) -> String {
        let client_id: String =
            url::form_urlencoded::byte_serialize(client_id.as_bytes()).collect();
        self.path(format_args!(
            "/oauth/authorize/kept/{name}/?client_id={client_id}"
        ))
    }
    pub fn token(&self) -> String {
        self.path("/oauth/token/")
    }
    pub fn revoke_token(&self) -> String {
        self.path("/oauth/revoke_token/")
    }
    pub fn apps(&self) -> String {
        self.path("/oauth/applications/")
    }
    pub fn register_app(&self) -> String {
        self.path("/oauth/applications/register/")
    }
    pub fn app(&self, id: AppId) -> String {
        self.path(format_args!("/oauth/applications/{id}/"))
    }
    pub fn edit_app(&self, id: AppId) -> String {
        self.path(format_args!("/oauth/applications/{id}/update/"))
    }
    pub fn delete_app(&self, id: AppId) -> String {
        self.path(format_args!("/oauth/applications/{id}/delete/"))
    }
    pub fn rotate_secret(&self, id: AppId) -> String {
        self.path(format_args!("/oauth/applications/{id}/secret/"))
    }
    pub fn new_secret(&self, id: AppId) -> String {
        self.path(format_args!("/oauth/applications/{id}/secret/shown/"))
    }
    pub fn profile(&self) -> String {
        self.path("/user/")
    }
    /// Where one section of a profile is saved, as `sex` or `address`.
    pub fn update_profile(&self, section: &str) -> String {
        self.path(format_args!("/user/update_{section}/"))
    }
    pub fn own_emails(&self) -> String {
        self.path(format_args!("/user/emails/"))
    }
    pub fn resend_confirmation(&self, email: i32) -> String {
        self.path(format_args!("/user/emails/{email}/mail_again/"))
    }
    /// `token` is letters and digits.
    pub fn confirm_email(&self, token: &str) -> String {
        self.path(format_args!("/user/confirm_email/?token={token}"))
    }
    /// Where the page of that link sends its form. The token is in the form.
    pub fn confirm_email_form(&self) -> String {
        self.path("/user/confirm_email/")
    }
    pub fn linked_identities(&self) -> String {
        self.path("/user/ways-in/")
    }
    pub fn remove_linked_identity(&self) -> String {
        self.path("/user/ways-in/remove/")
    }
    pub fn association(&self) -> String {
        self.path("/association/")
    }
    /// A step of a mailbox proof: `begin`, `check`, `mail`, `cancel`.
    pub fn association_step(&self, step: &str) -> String {
        self.path(format_args!("/association/{step}/"))
    }
    /// `token` is letters and digits.
    pub fn confirm_association(&self, token: &str) -> String {
        self.path(format_args!("/association/confirm/?token={token}"))
    }
    /// The look-up endpoint; `kind` is `roll` or `email`.
    pub fn look_up(&self, kind: &str, value: &str) -> String {
        self.path(format_args!("/association/{kind}/{value}"))
    }
    /// The look-up endpoint at the address of the former service.
    pub fn legacy_look_up(&self, kind: &str, value: &str) -> String {
        self.path(format_args!("/get/{kind}/{value}"))
    }
    pub fn look_up_token(&self, id: AppId) -> String {
        self.path(format_args!("/oauth/applications/{id}/look-up/"))
    }
    pub fn new_look_up_token(&self, id: AppId) -> String {
        self.path(format_args!("/oauth/applications/{id}/look-up/shown/"))
    }
    pub fn remove_linked_identity_of(&self, provider: &str, subject: &str) -> String {
        let subject: String = url::form_urlencoded::byte_serialize(subject.as_bytes()).collect();
        self.path(format_args!(
            "/user/ways-in/remove/?provider={provider}&subject={subject}"
        ))
    }
    pub fn connected_apps(&self) -> String {
        self.path("/user/settings/")
    }
    pub fn connected_app(&self, id: AppId) -> String {
        self.path(format_args!("/user/settings/{id}/"))
    }
    /// `part` is `field=…` or `scope=…`.
    pub fn remove_field(&self, id: AppId, part: &str) -> String {
        self.path(format_args!("/user/settings/{id}/withdraw/?{part}"))
    }
    pub fn receipts(&self) -> String {
        self.path("/user/receipts/")
    }
    pub fn receipt(&self, id: AuditId) -> String {
        self.path(format_args!("/user/receipts/{id}/"))
    }
    pub fn receipt_file(&self, id: AuditId) -> String {
        self.path(format_args!("/user/receipts/{id}/receipt.json"))
    }
    pub fn check_receipt(&self) -> String {
        self.path("/user/receipts/check/")
    }
    pub fn sessions(&self) -> String {
        self.path("/user/sessions/")
    }
    pub fn end_session(&self) -> String {
        self.path("/user/sessions/end/")
    }
    pub fn end_other_sessions(&self) -> String {
        self.path("/user/sessions/end-others/")
    }
    pub fn data_export(&self) -> String {
        self.path("/user/data/")
    }
    pub fn export(&self) -> String {
        self.path("/user/data/export/")
    }
    pub fn close_account(&self) -> String {
        self.path("/user/data/close/")
    }
    pub fn cancel_account_closing(&self) -> String {
        self.path("/user/data/keep/")
    }
    pub fn remove_access(&self, id: AppId) -> String {
        self.path(format_args!("/user/settings/{id}/take-back/"))
    }
    pub fn user_api(&self) -> String {
        self.path("/user/api/user/")
    }
    pub fn send_mail(&self) -> String {
        self.path("/user/api/user/send_mail/")
    }
    pub fn unsubscribe(&self, link: &str) -> String {
        self.path(format_args!("/mail/stop/{link}/"))
    }
    pub fn openapi(&self) -> String {
        self.path("/api/openapi.json")
    }
    pub fn docs(&self) -> String {
        self.path("/doc/")
    }
    pub fn docs_tab(&self, tab: &str) -> String {
        self.path(format_args!("/doc/{tab}/"))
    }
    /// A script of the login button.
    pub fn widget_script(&self, file: &str) -> String {
        self.path(format_args!("/static/widget/js/{file}"))
    }
    /// The path above all FedCM endpoints.
    pub fn fedcm(&self) -> String {
        self.path("/fedcm/")
    }
    pub fn fedcm_config(&self) -> String {
        self.path("/fedcm/config.json")
    }
    pub fn fedcm_accounts(&self) -> String {
        self.path("/fedcm/accounts/")
    }
    pub fn fedcm_client(&self) -> String {
        self.path("/fedcm/client_metadata/")
    }
    pub fn fedcm_assertion(&self) -> String {
        self.path("/fedcm/assertion/")
    }
    pub fn fedcm_disconnect(&self) -> String {
        self.path("/fedcm/disconnect/")
    }
    pub fn fedcm_login(&self) -> String {
        self.path("/fedcm/login/")
    }
    /// At the root of the origin, with the prefix at the end (RFC 8414 §3).
    pub fn metadata(&self) -> String {
        format!("/.well-known/oauth-authorization-server{}", self.0.prefix)
    }
    pub fn demo(&self) -> String {
        self.path("/demo/")
    }
    pub fn demo_sign_in(&self) -> String {
        self.path("/demo/sign-in/")
    }
    pub fn demo_callback(&self) -> String {
        self.path("/demo/callback/")
    }
    pub fn demo_received(&self) -> String {
        self.path("/demo/received/")
    }
    pub fn profile_picture(&self, file: &str) -> String {
        self.path(format_args!("/media/profile_picture/{file}"))
    }
    pub fn app_logo(&self, file: &str) -> String {
        self.path(format_args!("/media/app_logo/{file}"))
    }
    pub fn asset(&self, file: &str) -> String {
        self.path(format_args!("/static/{file}"))
    }
}
