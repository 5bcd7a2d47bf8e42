//! Why a directory refuses an account whose name and password may be right: it says so in a response control of
//! a bind (draft-behera-ldap-password-policy-10), or in the text beside the result.

use super::ber::{BerError, BerReader, ENUMERATED, SEQUENCE, number};
use super::messages::ResultCode;

/// The control of the password policy, in requests and in responses.
pub(super) const PASSWORD_POLICY: &str = "1.3.6.1.4.1.42.2.27.8.5.1";
/// Netscape's control in a response: the password has expired, or has to be changed before anything else.
/// 389 Directory Server sends it without being asked.
const PASSWORD_EXPIRED: &str = "2.16.840.1.113730.3.4.4";
/// The tag of the error in the value of the password policy's response.
const POLICY_ERROR: u8 = 0x81;

/// What is the matter with an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AccountState {
    PasswordExpired,
    PasswordMustChange,
    Locked,
    Disabled,
    AccountExpired,
    /// At this hour, or from this machine.
    NotAllowedNow,
}

impl AccountState {
    /// What the person reads.
    pub(super) fn sentence(self) -> &'static str {
        match self {
            Self::PasswordExpired => {
                "The password of your campus account has expired. Change it, then sign in here with the new one."
            }
            Self::PasswordMustChange => {
                "The password of your campus account must be changed before you can sign in. Change it, then sign in here with the new one."
            }
            Self::Locked => {
                "Your campus account is locked, usually after several wrong passwords. Wait for the lock to end, or ask the people who run the campus directory to unlock it."
            }
            Self::Disabled => {
                "Your campus account is disabled. Ask the people who run the campus directory."
            }
            Self::AccountExpired => {
                "Your campus account has expired. Ask the people who run the campus directory."
            }
            Self::NotAllowedNow => {
                "Your campus account may not sign in at this time or from this service. Ask the people who run the campus directory."
            }
        }
    }

    /// Whether a new password cures it.
    pub(super) fn needs_new_password(self) -> bool {
        matches!(self, Self::PasswordExpired | Self::PasswordMustChange)
    }

    /// What operators read.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::PasswordExpired => "password expired",
            Self::PasswordMustChange => "password must be changed",
            Self::Locked => "account locked",
            Self::Disabled => "account disabled",
            Self::AccountExpired => "account expired",
            Self::NotAllowedNow => "sign-in not allowed now",
        }
    }

    /// Reads a control in the response to a bind. `None` for one that says nothing of the account.
    pub(super) fn of_control(
        oid: &str,
        value: &[u8],
        code: ResultCode,
    ) -> Result<Option<Self>, BerError> {
        match oid {
            PASSWORD_POLICY => of_policy(value),
            PASSWORD_EXPIRED if code == ResultCode::SUCCESS => Ok(Some(Self::PasswordMustChange)),
            PASSWORD_EXPIRED => Ok(Some(Self::PasswordExpired)),
            _ => Ok(None),
        }
    }

    /// Reads the text of a refusal: the codes of Active Directory, which are errors of Windows
    /// (`… AcceptSecurityContext error, data 532, v4563`), and a sentence of 389 Directory Server.
    pub(super) fn of_text(text: &str) -> Option<Self> {
        if text.contains("AcceptSecurityContext") {
            let (_, data) = text.split_once("data ")?;
            return match data.split(',').next()?.trim() {
                "530" | "531" => Some(Self::NotAllowedNow),
                "532" => Some(Self::PasswordExpired),
                "533" => Some(Self::Disabled),
                "701" => Some(Self::AccountExpired),
                "773" => Some(Self::PasswordMustChange),
                "775" => Some(Self::Locked),
                _ => None,
            };
        }
        if text.starts_with("Account inactivated") {
            return Some(Self::Disabled);
        }
        text.starts_with("Exceed password retry limit")
            .then_some(Self::Locked)
    }
}

/// The value: `SEQUENCE { warning [0] … OPTIONAL, error [1] ENUMERATED OPTIONAL }`. A warning, such as of logins
/// that are left, does not prevent a sign-in.
fn of_policy(value: &[u8]) -> Result<Option<AccountState>, BerError> {
    if value.is_empty() {
        return Ok(None);
    }
    let mut list = BerReader(BerReader(value).expect(SEQUENCE)?);
    while !list.is_at_end() {
        let (tag, content) = list.next()?;
        if tag == POLICY_ERROR || tag == ENUMERATED {
            return Ok(match number(content)? {
                0 => Some(AccountState::PasswordExpired),
                1 => Some(AccountState::Locked),
                2 => Some(AccountState::PasswordMustChange),
                _ => None,
            });
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: ResultCode = ResultCode(49);

    #[test]
    fn the_password_policy_says_what_is_the_matter() {
        let read = |value: &[u8]| AccountState::of_control(PASSWORD_POLICY, value, REFUSED);
        for (error, state) in [
            (0, Some(AccountState::PasswordExpired)),
            (1, Some(AccountState::Locked)),
            (2, Some(AccountState::PasswordMustChange)),
            (6, None),
        ] {
            assert_eq!(read(&[0x30, 3, 0x81, 1, error]), Ok(state));
            // After a warning.
            let value = [0x30, 8, 0xa0, 3, 0x80, 1, 9, 0x81, 1, error];
            assert_eq!(read(&value), Ok(state));
        }
        assert_eq!(read(&[0x30, 0]), Ok(None));
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[0x30, 5, 0xa0, 3, 0x81, 1, 2]), Ok(None));
        for wrong in [
            &[0x30][..],
            &[0x31, 0],
            &[0x30, 3, 0x81, 2, 0],
            &[0x30, 2, 0x81, 0],
        ] {
            assert_eq!(read(wrong), Err(BerError), "{wrong:?}");
        }
    }

    #[test]
    fn the_control_of_netscape_comes_with_or_without_success() {
        let read = |code| AccountState::of_control(PASSWORD_EXPIRED, b"0", code);
        assert_eq!(read(REFUSED), Ok(Some(AccountState::PasswordExpired)));
        let changes = Ok(Some(AccountState::PasswordMustChange));
        assert_eq!(read(ResultCode::SUCCESS), changes);
        assert_eq!(AccountState::of_control("1.2.3", b"0", REFUSED), Ok(None));
    }

    #[test]
    fn active_directory_says_it_in_a_number() {
        for (data, state) in [
            ("525", None),
            ("52e", None),
            ("530", Some(AccountState::NotAllowedNow)),
            ("531", Some(AccountState::NotAllowedNow)),
            ("532", Some(AccountState::PasswordExpired)),
            ("533", Some(AccountState::Disabled)),
            ("701", Some(AccountState::AccountExpired)),
            ("773", Some(AccountState::PasswordMustChange)),
            ("775", Some(AccountState::Locked)),
        ] {
            let text = format!(
                "80090308: LdapErr: DSID-0C090446, comment: AcceptSecurityContext error, data {data}, v4563\0"
            );
            assert_eq!(AccountState::of_text(&text), state, "{data}");
        }
        assert_eq!(AccountState::of_text("data 532, v4563"), None);
        assert_eq!(AccountState::of_text(""), None);
        let inactive = "Account inactivated. Contact system administrator.";
        assert_eq!(
            AccountState::of_text(inactive),
            Some(AccountState::Disabled)
        );
    }
}
