//! Profiles: the sign-in of a campus.
//!
//! Students sign in once, decide field by field what each campus app may know about them, and take
//! it back as easily. Their developers register an app and get a login and a user API over OAuth
//! 2.0.
//!
//! # The house
//!
//! It has three floors. On the **ground** are words and rules of the world: what a [`scope`] is,
//! what [`oauth`] says, what time it is ([`clock`]). They know neither HTTP nor SQL. The **kit** is
//! machines that any room may use: [`db`], [`web`], [`mail`], [`jobs`], [`pictures`]. The **rooms**
//! are the features, each named after what a person would say: [`apps`], [`authorize`], [`token`],
//! [`connected_apps`]. On the **roof**, [`app`] builds every room from shared parts, and [`cli`]
//! starts it. Whatever stands on a floor looks downwards only, and `tests/architecture` lists at
//! what.
//!
//! In every room the same things have the same names, and data goes one way:
//!
//! ```text
//! request ─▶ extractor ─▶ handler ─▶ verb ─▶ rules   pure: facts and the time in, a decision out
//!            proves        time,      load    store   SQL: facts in and out, never a decision
//!            one thing     commit     decide
//! answer  ◀───────────── handler ◀─── keep
//! ```
//!
//! So a question has a file: what may be asked is in `rules.rs`, where it is kept in `store.rs`,
//! how it looks in `templates/` under the room's name. A room shows the others only its `mod.rs`,
//! which opens with a chapter: whom it serves, its states, and its decisions with their reasons.
//!
//! # Three ways through it
//!
//! **Asha signs in to Mess Menu for the first time.** Mess Menu sends her browser to
//! `/oauth/authorize/`. [`web`]'s shell makes the address regular, gives the request an id and
//! looks up her session: there is none. [`authorize`] reads who asks and where the answer goes.
//! Were that wrong, she would get a page, since an address nobody registered gets no redirect. It
//! hands her to [`login`] with `next` set to where she was. Her form is judged by a way of proving
//! who one is out of [`upstream`], here a password; [`people`] knows whose identity that is;
//! [`login`] gives her a session under a new id and leads her back. Now `authorize::rules::next`
//! has its three facts: the request, the app's standing, and what she decided before, which is
//! nothing. It says *ask*: the request is kept in a row, and she is shown each field with her own
//! value, read from [`people`] and worded by the table in [`scope`]. She unticks her phone and
//! allows the rest. In one transaction the row is marked as decided, [`grants`] remembers what she
//! allowed and what she refused, and [`token`] makes a code.
//!
//! **Mess Menu learns her name.** It posts the code to `/oauth/token/`. [`token`] proves which app
//! that is (`client_auth`), loads all facts in one statement, lets oxide-auth's machine
//! ([`oauth::oxide`]) and its own rules judge them, and takes the code and makes the pair of tokens
//! in another: of two such requests at once, one gets the pair. With the access token it reads
//! `/user/api/user/`. The extractor [`token::Bearer`] finds the token, its family, its grant and
//! the person in one statement; all must be alive. [`user_api`] answers with the fields that were
//! asked for, were allowed then, and are allowed still.
//!
//! **Asha takes it back.** Under [`connected_apps`] she sees what Mess Menu may know, and presses
//! *Take it back*. [`grants`] ends the grant with one update, beside it stands an entry of
//! [`audit`], and the next request with any of its tokens is refused, because nobody has to find
//! tokens to end them. What she once refused stays remembered and comes up unticked.
//!
//! # The modules
//!
//! | floor | modules |
//! |---|---|
//! | roof | [`cli`] [`app`] [`upstreams`] |
//! | rooms | [`welcome`] [`docs`] [`demo`] [`widget`] [`profile`] [`connected_apps`] [`receipts`] [`ledger`] [`sessions`] [`ways_in`] [`my_data`] [`association`] [`send_mail`] [`user_api`] [`authorize`] [`token`] [`grants`] [`apps`] [`login`] [`upstream`] [`people`] [`health`] [`metrics`] [`metadata`] |
//! | kit | [`web`] [`mail`] [`jobs`] [`pictures`] [`audit`] [`measure`] [`db`] |
//! | ground | [`config`] [`links`] [`scope`] [`oauth`] [`secret`] [`id`] [`clock`] [`rng`] |

pub mod cli;
pub mod connectors;
pub mod developers;
pub mod identity;
pub mod people;
pub mod platform;
pub mod privacy;
pub mod protocol;
pub mod server;
