//! Proving that a roll number and a mailbox belong together: by our own proof without a password, by a Leprechaun
//! server, and the look-up API for apps. Test names begin with the number (`l01` …) of one of the twenty-five
//! statements about the protocol.

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
