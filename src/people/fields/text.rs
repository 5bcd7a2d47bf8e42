//! What the values of text fields must fulfil.

/// Whether a text without blanks at its ends fits; if not, what is wrong, to follow the name of the field.
pub type TextCheck = fn(&str) -> Result<(), &'static str>;

/// The campus account's name.
pub fn is_username(text: &str) -> Result<(), &'static str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"@.+-_".contains(&byte);
    has_length(text, 1, 150)?;
    if text.bytes().all(fits) {
        Ok(())
    } else {
        Err("may hold letters, digits and @ . + - _ only")
    }
}

/// A first or last name as the directory has it; may be empty.
pub fn is_name(text: &str) -> Result<(), &'static str> {
    has_length(text, 0, 255)
}

pub fn is_email(text: &str) -> Result<(), &'static str> {
    has_length(text, 1, 254)?;
    let parsed: Result<lettre::Address, _> = text.parse();
    parsed.map(|_| ()).map_err(|_| "is not a mail address")
}

/// The directory's word for a person's role: any text, because directories invent new ones.
pub fn is_role(text: &str) -> Result<(), &'static str> {
    has_length(text, 1, 64)
}

/// Any text, since some roll numbers hold letters.
pub fn is_roll_number(text: &str) -> Result<(), &'static str> {
    has_length(text, 1, 64)
}

/// Any text, because directories hold more than digits.
pub fn is_mobile(text: &str) -> Result<(), &'static str> {
    has_length(text, 1, 255)
}

/// One line that a person enters.
pub fn is_line(text: &str) -> Result<(), &'static str> {
    has_length(text, 1, 255)
}

/// Whether a text has between `shortest` and `longest` characters.
pub fn has_length(text: &str, shortest: usize, longest: usize) -> Result<(), &'static str> {
    match text.chars().count() {
        count if count < shortest => Err("is missing"),
        count if count > longest => Err("is too long"),
        _ => Ok(()),
    }
}
