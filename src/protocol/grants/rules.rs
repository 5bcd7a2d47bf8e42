//! Whether earlier consents cover a request, and how a new consent changes the record.

use super::ConsentRecord;
use crate::people::fields::FieldSet;
use crate::protocol::scope::{GrantedAccess, Scope, ScopeSet};

/// Part of every request, ticked and locked: without it an app cannot tell people apart.
pub const REQUIRED_SCOPE: Scope = Scope::Basic;

/// The requested scopes with the compulsory one.
pub fn with_required_scope(asked: ScopeSet) -> ScopeSet {
    asked.union([REQUIRED_SCOPE].into_iter().collect())
}

/// Whether every scope and field of a request was granted or refused before. Then consent is not asked
/// again: an app that repeats a refused request does not bring the page back.
pub fn covers(decided: ConsentRecord, asked: ScopeSet) -> bool {
    decided.given.scopes().contains(REQUIRED_SCOPE)
        && asked.iter().all(|scope| {
            let fields = scope.row().fields;
            if fields.is_empty() {
                decided.knows_scope(scope)
            } else {
                fields.iter().all(|field| decided.knows_field(*field))
            }
        })
}

/// The record after a consent: what was requested is as chosen now, everything else as before. `chosen`
/// beyond the request does not count, and the compulsory scope is always chosen.
pub fn apply_consent(
    before: ConsentRecord,
    asked: ScopeSet,
    chosen: GrantedAccess,
) -> ConsentRecord {
    let asked = with_required_scope(asked);
    let whole = GrantedAccess::whole(asked);
    let compulsory = GrantedAccess::whole([REQUIRED_SCOPE].into_iter().collect());
    let chosen = chosen.intersection(whole).union(compulsory);
    let unticked: FieldSet = whole.fields().without(chosen.fields());
    let given = before.given.without(whole).union(chosen);
    ConsentRecord {
        given,
        refused_scopes: before
            .refused_scopes
            .without(asked)
            .union(asked.without(chosen.scopes())),
        refused_fields: before
            .refused_fields
            .without(whole.fields())
            .union(unticked),
    }
}

/// The record after a withdrawal: what was granted of it is refused from now on. The compulsory scope can only
/// be withdrawn with everything else.
pub(super) fn apply_withdrawal(before: ConsentRecord, what: GrantedAccess) -> ConsentRecord {
    let what = what.without(GrantedAccess::whole([REQUIRED_SCOPE].into_iter().collect()));
    let given = before.given.without(what);
    let gone = before.given.fields().without(given.fields());
    ConsentRecord {
        given,
        refused_scopes: before
            .refused_scopes
            .union(before.given.scopes().without(given.scopes())),
        refused_fields: before.refused_fields.union(gone),
    }
}

/// What is not granted any more: scopes of which nothing is left, and fields.
pub(super) fn find_lost_access(
    before: GrantedAccess,
    after: GrantedAccess,
) -> (ScopeSet, FieldSet) {
    (
        before.scopes().without(after.scopes()),
        before.fields().without(after.fields()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::fields::Field;

    fn scopes(text: &str) -> ScopeSet {
        ScopeSet::parse(text).unwrap()
    }

    fn share(names: &str, without: &[Field]) -> GrantedAccess {
        let whole = GrantedAccess::whole(scopes(names));
        GrantedAccess::of(
            whole.scopes(),
            whole.fields().without(without.iter().copied().collect()),
        )
    }

    #[test]
    fn nothing_decided_covers_nothing() {
        assert!(!covers(ConsentRecord::default(), scopes("basic")));
    }

    #[test]
    fn a_refused_field_is_decided_too() {
        let asked = scopes("basic phone send_mail");
        let decided = apply_consent(
            ConsentRecord::default(),
            asked,
            share("basic phone", &[Field::Mobile]),
        );
        assert!(covers(decided, asked));
        assert!(decided.refused(Scope::SendMail));
        assert!(!decided.refused(Scope::Phone));
        assert!(!covers(decided, scopes("basic sex")));
    }

    #[test]
    fn a_narrower_question_does_not_take_back_what_it_did_not_ask() {
        let first = apply_consent(
            ConsentRecord::default(),
            scopes("profile ldap"),
            share("profile ldap", &[]),
        );
        let second = apply_consent(first, scopes("profile"), share("", &[]));
        assert_eq!(second.given, share("basic ldap", &[]));
        assert!(second.refused(Scope::Profile));
    }

    #[test]
    fn what_was_not_asked_cannot_be_chosen_and_basic_cannot_be_refused() {
        let decided = apply_consent(
            ConsentRecord::default(),
            scopes("profile"),
            share("sex", &[]),
        );
        assert_eq!(decided.given, share("basic", &[]));
    }

    #[test]
    fn saying_yes_after_no_forgets_the_no() {
        let no = apply_consent(
            ConsentRecord::default(),
            scopes("sex"),
            GrantedAccess::default(),
        );
        let yes = apply_consent(no, scopes("sex"), share("sex", &[]));
        assert!(yes.refused_fields.is_empty() && yes.refused_scopes.is_empty());
    }

    #[test]
    fn what_is_withdrawn_is_refused_and_so_not_asked_again() {
        let asked = scopes("profile phone send_mail");
        let all = apply_consent(ConsentRecord::default(), asked, GrantedAccess::whole(asked));
        let field = apply_withdrawal(all, GrantedAccess::of_field(Field::Mobile));
        assert_eq!(
            field.given,
            share("basic profile phone send_mail", &[Field::Mobile])
        );
        assert!(covers(field, asked) && !field.refused(Scope::Phone));
        let rest = apply_withdrawal(field, GrantedAccess::of_field(Field::Contacts));
        assert!(rest.refused(Scope::Phone) && covers(rest, asked));
        let deed = apply_withdrawal(rest, GrantedAccess::whole(scopes("send_mail")));
        assert_eq!(deed.given, share("basic profile", &[]));
        assert!(deed.refused(Scope::SendMail) && covers(deed, asked));
    }

    #[test]
    fn what_was_never_given_is_not_refused_by_withdrawing_it_and_basic_stays() {
        let asked = scopes("profile");
        let before = apply_consent(ConsentRecord::default(), asked, GrantedAccess::whole(asked));
        assert_eq!(
            apply_withdrawal(before, GrantedAccess::whole(scopes("basic sex"))),
            before
        );
    }

    #[test]
    fn an_ended_grant_covers_nothing_but_remembers_what_was_refused() {
        let decided = apply_consent(
            ConsentRecord::default(),
            scopes("sex"),
            GrantedAccess::default(),
        )
        .ended();
        assert!(!covers(decided, scopes("sex")));
        assert!(decided.refused(Scope::Sex));
    }
}
