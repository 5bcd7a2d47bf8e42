//! Profiles: the sign-in of a campus.
//!
//! Profiles is an OAuth 2.0 authorization server. Students sign in once and decide, field by field,
//! what each campus app may read about them; they can remove access at any time. Developers register
//! an app and get a login and a user API.
//!
//! # Areas
//!
//! | Area | Holds |
//! |---|---|
//! | [`platform`] | what any part may use: [`config`](platform::config), [`db`](platform::db), [`web`](platform::web), [`mail`](platform::mail), [`jobs`](platform::jobs), [`audit`](platform::audit), [`metrics`](platform::metrics), [`pictures`](platform::pictures), [`links`](platform::links), [`rate_limits`](platform::rate_limits), [`secret`](platform::secret), [`id`](platform::id), [`clock`](platform::clock), [`rng`](platform::rng) |
//! | [`people`] | the [`records`](people::records) of people, and the table of [`fields`](people::fields) |
//! | [`connectors`] | proving an identity: password, LDAP, ERP, JIIT, Leprechaun; and [`mailed_code`](connectors::mailed_code), which two of them share |
//! | [`identity`] | the person's account: [`login`](identity::login), [`sessions`](identity::sessions), [`profile`](identity::profile), [`linked_identities`](identity::linked_identities) |
//! | [`protocol`] | what RFCs define: [`authorize`](protocol::authorize), [`token`](protocol::token), [`user_api`](protocol::user_api), [`fedcm`](protocol::fedcm), [`grants`](protocol::grants), [`scope`](protocol::scope), [`clients`](protocol::clients), [`app_tokens`](protocol::app_tokens), [`oauth`](protocol::oauth), [`access_log`](protocol::access_log), [`metadata`](protocol::metadata), [`problems`](protocol::problems) |
//! | [`developers`] | pages for developers: [`apps`](developers::apps), [`docs`](developers::docs), [`widget`](developers::widget), [`send_mail`](developers::send_mail) |
//! | [`privacy`] | pages for the person's rights: [`connected_apps`](privacy::connected_apps), [`receipts`](privacy::receipts), [`data_export`](privacy::data_export), [`association`](privacy::association) |
//! | [`server`] | builds all features and their routes from the settings |
//! | [`cli`] | the commands |
//!
//! Each area imports only those to its right; `tests/architecture` checks it:
//!
//! ```text
//! cli ─▶ server ─▶ developers, privacy ─▶ protocol ─▶ identity ─▶ connectors ─▶ people ─▶ platform
//! ```
//!
//! # A request
//!
//! In every module the same file does the same kind of work, and data takes one path:
//!
//! ```text
//! request ─▶ extractor ─▶ handler ─────▶ verb ─▶ rules   pure functions: facts and time in,
//!            proves       reads time,    load            a decision out
//!            one thing    begins and     decide
//!                         commits        save   ─▶ store  SQL: one function per statement
//! response ◀───────────── handler ◀───── result
//! ```
//!
//! | File | Holds |
//! |---|---|
//! | `mod.rs` | the documentation of the module, its `Feature` (what it needs) and routes, its public items |
//! | `model.rs` | types that are valid by construction |
//! | `rules.rs`, `decide.rs`, `state_machine/`, `reply.rs`, `view.rs` | decisions, without I/O, clock or randomness |
//! | `store.rs` | SQL |
//! | `<verb>.rs` | one operation: load, decide, save |
//! | `pages.rs`, `api.rs` | HTTP handlers |
//! | `templates/<module>/` | HTML |
//!
//! # Three walk-throughs
//!
//! **Asha signs in to Mess Menu for the first time.** Mess Menu redirects her browser to
//! `/oauth/authorize/`. The [middleware](platform::web::MiddlewareStack) removes the path prefix, gives
//! the request an id and loads the session: there is none. [`authorize`](protocol::authorize) validates
//! client and redirect URI. If one were wrong, she would get an error page, because Profiles never
//! redirects to an unregistered URI. It redirects her to [`login`](identity::login), with the
//! authorization request in the parameter `next`. A [connector](connectors), here the password, verifies
//! her form; [`people`] finds her account by the proved identity; `login` starts a
//! [session](platform::web::UserSession) under a new id and redirects back. `authorize` now decides from
//! the request, the client and her earlier consent (none) that she must be asked. It stores the request
//! and renders the consent page, with each requested [field](people::fields::Field) and her own value.
//! She unticks her phone number and allows the rest. In one transaction, [`grants`](protocol::grants)
//! stores what she allowed and refused, and an authorization code is issued.
//!
//! **The app redeems the code.** Mess Menu sends the code to `/oauth/token/`. [`token`](protocol::token)
//! authenticates the client, loads the code with its grant in one statement, and checks it: lifetime,
//! redirect URI, PKCE, replay. One further statement marks the code as used and inserts a token pair, so
//! of two concurrent requests only one gets tokens. With the access token the app requests
//! `/user/api/user/`. The extractor [`Bearer`](protocol::token::Bearer) finds token, family, grant and
//! person in one statement; all must be live. [`user_api`](protocol::user_api) returns the fields that
//! were requested, were granted then, and still are. The [access log](protocol::access_log) counts what
//! was read.
//!
//! **Asha removes access.** On the page of [connected apps](privacy::connected_apps) she sees which
//! fields Mess Menu may read and when it last did, and presses *Remove access*.
//! [`grants`](protocol::grants) ends the grant with one update and writes an [audit](platform::audit)
//! entry. Every token of the grant is invalid from then on, because [`Bearer`](protocol::token::Bearer)
//! checks the grant with each request. A [receipt](privacy::receipts) documents the change.
//!
//! # Glossary
//!
//! | Term | Meaning |
//! |---|---|
//! | access log | which fields of a person each app has read, and when; shown to the person ([`access_log`](protocol::access_log)) |
//! | account | a person's record in Profiles, opened by one or more linked identities |
//! | app, client | a registered OAuth client (RFC 6749 §2); “app” on pages, “client” in the protocol ([`clients`](protocol::clients)) |
//! | association | the proof that a mailbox belongs to a roll number, and its look-up by apps ([`association`](privacy::association)) |
//! | authorization code | the short-lived secret that an app redeems for tokens (RFC 6749 §1.3.1) |
//! | connector | a way to prove an identity, for example a password or the campus directory ([`connectors`]) |
//! | consent record | what a person decided on a consent page: the fields allowed and refused ([`ConsentRecord`](protocol::grants::ConsentRecord)) |
//! | credential epoch | the number of a person's newest credential event; what began under a lower one is refused ([`CredentialEpoch`](platform::credential_epoch::CredentialEpoch)) |
//! | credential event | a password is set, a sign-in method is added or removed, sessions are ended, or the account is closed or suspended |
//! | CSRF token | the hidden field that shows that a form was sent from a page of Profiles ([`CsrfForm`](platform::web::CsrfForm)) |
//! | field | one piece of a person's data, such as `phone`; belongs to one scope ([`Field`](people::fields::Field)) |
//! | grant | the standing permission of one person for one app, from consent until access is removed ([`grants`](protocol::grants)) |
//! | granted access | the scopes and fields that a grant, a code or a token covers |
//! | linked identity | an identity at a connector by which a person signs in to an account ([`linked_identities`](identity::linked_identities)) |
//! | login attempt | the state of a sign-in that needs several forms; in memory only, because it may contain a password |
//! | outbox | mails to be sent, stored in the transaction that causes them ([`mail`](platform::mail)) |
//! | person | a student, staff member or guest with an account ([`people`]) |
//! | rate limit | how often something may be attempted, per key ([`RateLimiter`](platform::rate_limits::RateLimiter)) |
//! | receipt | a signed record of a consent or its withdrawal, for the person to keep ([`receipts`](privacy::receipts)) |
//! | replay | the second use of a code or a rotated refresh token; ends the token family (RFC 9700 §4.14.2) |
//! | rotation | each refresh replaces the refresh token by a new one (RFC 9700 §4.14.2) |
//! | scope | a named group of fields that an app requests (RFC 6749 §3.3; [`Scope`](protocol::scope::Scope)) |
//! | session | a signed-in browser ([`UserSession`](platform::web::UserSession)) |
//! | standing | whether an app is verified or suspended, and so what it may do |
//! | token family | all token pairs that descend from one authorization code |
//! | token pair | an access token and the refresh token issued with it |
//! | user cap | how many people may use an app that is not verified |

pub mod cli;
pub mod connectors;
pub mod developers;
pub mod identity;
pub mod people;
pub mod platform;
pub mod privacy;
pub mod protocol;
pub mod server;
