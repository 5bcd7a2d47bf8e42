//! A roll number and a mailbox that belong together: proved here without a password, looked up at a Leprechaun server,
//! and looked up here by apps. Names begin with a number (`l01` …): each of
//! the twenty-five statements that were drawn up of the protocol has its test.

mod looking_up;
mod looking_up_elsewhere;
mod proving;
mod simulator;

/// The code in a mail.
fn code(mail: &str) -> String {
    let line = mail.lines().find(|line| {
        let bare = line.trim().replace(' ', "");
        bare.len() == 8 && bare.bytes().all(|byte| byte.is_ascii_digit())
    });
    line.unwrap_or_else(|| panic!("no code in {mail}"))
        .trim()
        .to_owned()
}
