//! The accounts. All people are made up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A person with an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Person {
    pub roll: String,
    pub password: String,
    pub name: String,
    pub email: String,
    /// Three questions, each with its answer.
    pub questions: [(String, String); 3],
    #[serde(default)]
    pub disabled: bool,
}

impl Person {
    fn new(roll: &str, password: &str, name: &str, questions: [(&str, &str); 3]) -> Self {
        let first = name.split(' ').next().unwrap_or_default().to_lowercase();
        Self {
            roll: roll.to_owned(),
            password: password.to_owned(),
            name: name.to_owned(),
            email: format!("{first}.{}@kgpian.example", roll.to_lowercase()),
            questions: questions.map(|(question, answer)| (question.to_owned(), answer.to_owned())),
            disabled: false,
        }
    }

    pub fn answer(&self, question: &str) -> Option<&str> {
        let known = self.questions.iter().find(|(known, _)| known == question);
        known.map(|(_, answer)| answer.as_str())
    }
}

type Row = (
    &'static str,
    &'static str,
    &'static str,
    [(&'static str, &'static str); 3],
);

/// Roll number, password, name, and three questions with their answers.
const PEOPLE: [Row; 6] = [
    (
        "21CS10001",
        "Str0ng&Pass=1",
        "Asha Rao",
        [
            (
                "What was the name of your first school?",
                "Kendriya Vidyalaya",
            ),
            ("In which town was your mother born?", "Midnapore"),
            ("What was your first pet called?", "Bhola"),
        ],
    ),
    (
        "22EE30002",
        "Monsoon-2022-Kgp",
        "Ravi Kumar Menon",
        [
            ("Which teacher do you remember best?", "Mrs Pillai"),
            ("What is your favourite sweet?", "Payasam"),
            ("Which was your first bicycle?", "Hero Ranger"),
        ],
    ),
    (
        "25MA60R29",
        "prime numbers 17",
        "Meera",
        [
            ("What is your favourite number?", "1729"),
            ("Who was your first hero?", "Ramanujan"),
            ("Which station is nearest to your home?", "Kumbakonam"),
        ],
    ),
    (
        "19PH91R01",
        "h-bar is small",
        "Imran Ali Shaikh",
        [
            ("What did you first take apart?", "a radio"),
            ("Which street did you grow up in?", "Park Street"),
            ("What is your grandmother's name?", "Zubeida"),
        ],
    ),
    (
        "23ME10003",
        "gears & levers",
        "Joseph Lakra",
        [
            ("Which%20city%20do%20you%20miss%3F", "Ranchi"),
            ("What%20was%20your%20first%20car%3F", "a red one"),
            ("Who%20taught%20you%20to%20swim%3F", "my uncle"),
        ],
    ),
    (
        "20CH10004",
        "&=+% \"ü",
        "Zoya Khan",
        [
            ("What is 1 + 1 = ?", "2 & a half = \"many\""),
            ("How do you spell Müller?", "Müller"),
            ("What is 50% of 100%?", "50%"),
        ],
    ),
];

/// The accounts at the start.
pub fn people() -> BTreeMap<String, Person> {
    let people = PEOPLE
        .map(|(roll, password, name, questions)| Person::new(roll, password, name, questions));
    people
        .into_iter()
        .map(|person| (person.roll.clone(), person))
        .collect()
}
