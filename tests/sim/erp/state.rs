//! The simulator's state: sessions of its two applications, tokens, codes and mails.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant, SystemTime};

use rand::RngExt as _;
use serde::Serialize;

use super::knobs::{Knobs, QuestionBinding, QuestionMode};
use super::people;
use super::people::Person;

/// A sent mail.
#[derive(Debug, Clone, Serialize)]
pub struct Letter {
    pub to: String,
    pub from: &'static str,
    pub subject: String,
    pub body: String,
    pub otp: String,
    /// Seconds since 1970.
    pub at: u64,
    #[serde(skip)]
    roll: String,
}

/// A posted form, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    pub path: &'static str,
    pub user_id: String,
    pub typeee: String,
    pub requested_url: String,
}

/// A session of the sign-in application.
#[derive(Debug, Default)]
pub struct SsoSession {
    /// By roll number, the index of the last question.
    last_question: HashMap<String, usize>,
    /// The token of a completed sign-in, and the URL to continue at.
    pub pending: Option<(String, String)>,
    /// The sessionToken of the login page.
    pub opened_with: Option<String>,
}

/// A token that signs in to the portal.
#[derive(Debug)]
pub struct Token {
    pub roll: String,
    created: Instant,
    pub spent: bool,
    last_seen: Instant,
}

#[derive(Debug)]
struct Otp {
    code: String,
    created: Instant,
    tries: u32,
    used: bool,
}

/// The whole state.
#[derive(Debug)]
pub struct State {
    pub knobs: Knobs,
    pub people: BTreeMap<String, Person>,
    /// The portal's valid session ids, which also serve as sessionTokens.
    pub erp_sessions: BTreeSet<String>,
    pub sso_sessions: HashMap<String, SsoSession>,
    pub tokens: HashMap<String, Token>,
    otps: HashMap<String, Otp>,
    letters: Vec<Letter>,
    /// By roll number, for clients that send no cookie.
    last_question: HashMap<String, usize>,
    rounds: HashMap<String, usize>,
    pub posted: Vec<Posted>,
    /// All generated secrets: session ids, tokens and codes.
    pub secrets: BTreeSet<String>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            knobs: Knobs::default(),
            people: people::people(),
            erp_sessions: BTreeSet::new(),
            sso_sessions: HashMap::new(),
            tokens: HashMap::new(),
            otps: HashMap::new(),
            letters: Vec::new(),
            last_question: HashMap::new(),
            rounds: HashMap::new(),
            posted: Vec::new(),
            secrets: BTreeSet::new(),
        }
    }
}

impl State {
    /// A person who may sign in.
    pub fn person(&self, roll: &str) -> Option<&Person> {
        self.people.get(roll).filter(|person| !person.disabled)
    }

    /// 32 capital hexadecimal digits and the node of the cluster.
    fn session_id(&mut self) -> String {
        let id = format!("{:032X}.node1", rand::random::<u128>());
        self.secrets.insert(id.clone());
        id
    }

    pub fn erp_session(&mut self) -> String {
        let id = self.session_id();
        self.erp_sessions.insert(id.clone());
        id
    }

    /// The session of this cookie or a new one: its id, and whether it is new.
    pub fn sso_session(&mut self, cookie: Option<&str>) -> (String, bool) {
        if let Some(known) = cookie.filter(|id| self.sso_sessions.contains_key(*id)) {
            return (known.to_owned(), false);
        }
        let id = self.session_id();
        self.sso_sessions.insert(id.clone(), SsoSession::default());
        (id, true)
    }

    /// One of a person's three questions; its index is recorded.
    pub fn question(&mut self, roll: &str, session: &str) -> Option<String> {
        let person = self.person(roll)?.clone();
        let which = match self.knobs.question_mode {
            QuestionMode::Random => rand::rng().random_range(0..3),
            QuestionMode::Fixed => 0,
            QuestionMode::RoundRobin => {
                let round = self.rounds.entry(roll.to_owned()).or_default();
                *round += 1;
                (*round - 1) % 3
            }
        };
        self.last_question.insert(roll.to_owned(), which);
        if let Some(session) = self.sso_sessions.get_mut(session) {
            session.last_question.insert(roll.to_owned(), which);
        }
        Some(person.questions[which].0.clone())
    }

    /// Compared character by character.
    pub fn is_answer(&self, roll: &str, session: Option<&str>, answer: &str) -> bool {
        let Some(person) = self.person(roll) else {
            return false;
        };
        let asked = match session.and_then(|id| self.sso_sessions.get(id)) {
            Some(session) => session.last_question.get(roll),
            None => self.last_question.get(roll),
        };
        match self.knobs.question_binding {
            QuestionBinding::Any => person.questions.iter().any(|(_, known)| known == answer),
            QuestionBinding::Strict => {
                asked.is_some_and(|which| person.questions[*which].1 == answer)
            }
        }
    }

    /// Generates a code, which replaces the previous one, and mails it.
    pub fn send_code(&mut self, roll: &str) {
        let code = format!("{:06}", rand::rng().random_range(0..1_000_000));
        self.secrets.insert(code.clone());
        let otp = Otp {
            code: code.clone(),
            created: Instant::now(),
            tries: 0,
            used: false,
        };
        self.otps.insert(roll.to_owned(), otp);
        let at = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap();
        self.letters.push(Letter {
            to: self.people[roll].email.clone(),
            from: "erpkgp@adm.iitkgp.ac.in",
            subject: format!("OTP for Sign In in ERP Portal of IIT Kharagpur is {code}"),
            body: format!("Your OTP for Sign In in ERP Portal of IIT Kharagpur is {code}"),
            otp: code,
            at: at.as_secs(),
            roll: roll.to_owned(),
        });
    }

    /// Whether the code is valid; every call counts as a try.
    pub fn is_code(&mut self, roll: &str, code: &str) -> bool {
        let ttl = Duration::from_secs(self.knobs.otp_ttl);
        let Some(otp) = self.otps.get_mut(roll) else {
            return false;
        };
        otp.tries += 1;
        !otp.used && otp.created.elapsed() < ttl && otp.code == code
    }

    pub fn use_code(&mut self, roll: &str) {
        if let Some(otp) = self.otps.get_mut(roll) {
            otp.used = true;
        }
    }

    /// All mails, or those to one roll number.
    pub fn letters(&self, roll: Option<&str>) -> Vec<Letter> {
        let letters = self.letters.iter();
        letters
            .filter(|letter| roll.is_none_or(|roll| letter.roll == roll))
            .cloned()
            .collect()
    }

    /// Whether a person has a session that has not expired.
    pub fn is_in(&self, roll: &str) -> bool {
        self.tokens
            .values()
            .any(|token| token.roll == roll && self.has_not_run_out(token))
    }

    fn has_not_run_out(&self, token: &Token) -> bool {
        token.last_seen.elapsed() < Duration::from_secs(self.knobs.sso_ttl)
            && token.created.elapsed() < Duration::from_secs(self.knobs.session_ttl)
    }

    pub fn token(&self, value: &str) -> Option<&Token> {
        self.tokens
            .get(value)
            .filter(|token| self.has_not_run_out(token))
    }

    /// Uses a token, which restarts its idle time. Returns its person.
    pub fn touch(&mut self, value: &str) -> Option<Person> {
        self.token(value)?;
        let token = self.tokens.get_mut(value)?;
        token.last_seen = Instant::now();
        self.people.get(&token.roll).cloned()
    }

    /// Made of the session ids of both applications and random characters.
    pub fn make_token(&mut self, roll: &str, sso_session: &str) -> String {
        let known = self
            .sso_sessions
            .get(sso_session)
            .and_then(|it| it.opened_with.clone());
        let erp_session = known.unwrap_or_else(|| self.erp_session());
        let mut chance = rand::rng();
        let alphabet: Vec<char> = ('0'..='9').chain('A'..='Z').collect();
        let tail: String = (0..64)
            .map(|_| alphabet[chance.random_range(0..36)])
            .collect();
        let value = format!("{sso_session}{erp_session}{tail}");
        let now = Instant::now();
        let token = Token {
            roll: roll.to_owned(),
            created: now,
            spent: false,
            last_seen: now,
        };
        self.tokens.insert(value.clone(), token);
        self.secrets.insert(value.clone());
        value
    }
}
