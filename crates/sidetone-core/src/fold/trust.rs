//! What signatures and verification services say of the caller.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::dialog::Dialogs;
use super::legs::Legs;
use crate::facts::TrustFacts;
use crate::sip::{Passport, SipMessage};

/// What is said of the caller. A signature that was seen is not one that was verified, and where
/// signature and verification service disagree nothing is.
///
/// All that is told of a statement is of one and the same: of the one whose signature is known to
/// be good, else of one whose signature is known to be bad, else of one that nobody could check; of
/// these of one that names a level, and that was seen first on its way. A bad one is not hidden by
/// one that nobody could check.
pub(super) fn trust(dialogs: &Dialogs, legs: &Legs<'_>) -> TrustFacts {
    let messages = dialogs.messages().map(|seen| &seen.message);
    let invites = messages.filter(|it| it.is_initial_invite() && !legs.is_of_another_call(it));
    let mut invites: Vec<&SipMessage> = invites.collect();
    // A challenged INVITE comes again, with what the first one said.
    invites.sort_by_key(|invite| (invite.hops, invite.cseq));
    let passport = passport(&invites);
    let said = passport.map(|(passport, _)| passport);
    let checked = passport.and_then(|(_, verified)| verified);
    // A verification service writes behind whoever sent the call.
    let verstat = invites.iter().rev().find_map(|it| it.verstat.clone());
    let by_service = match verstat.as_deref() {
        Some(word) if word.starts_with("TN-Validation-Passed") => Some(true),
        Some(word) if word.starts_with("TN-Validation-Failed") => Some(false),
        _ => None,
    };
    TrustFacts {
        verified_caller: by_service.into_iter().chain(checked).min(),
        attestation: said.and_then(|it| it.attestation.clone()),
        attested_caller: said.and_then(|it| it.caller.clone()),
        attestation_origin: said.and_then(|it| it.origin_id.clone()),
        attestation_verified: checked,
        verstat,
        ..TrustFacts::default()
    }
}

/// The statement that is told, and whether its signature is good: wherever it was seen and checked.
fn passport<'a>(invites: &[&'a SipMessage]) -> Option<(&'a Passport, Option<bool>)> {
    let passports = || {
        let all = invites.iter().flat_map(|invite| &invite.passports);
        all.filter(|passport| passport.kind.as_deref().is_none_or(|kind| kind == "shaken"))
    };
    let mut checks: BTreeMap<Words<'_>, bool> = BTreeMap::new();
    for (words, verified) in passports().filter_map(|it| Some((words(it), it.verified?))) {
        let is_good = checks.entry(words).or_insert(verified);
        *is_good &= verified;
    }
    let told = passports().map(|passport| (passport, checks.get(&words(passport)).copied()));
    told.min_by_key(|(passport, verified)| Reverse((*verified, passport.attestation.is_some())))
}

/// All that a statement says: by these it is known on another hop, where it may have been checked.
type Words<'a> = [Option<&'a str>; 5];

fn words(passport: &Passport) -> Words<'_> {
    [
        &passport.kind,
        &passport.attestation,
        &passport.caller,
        &passport.origin_id,
        &passport.certificate,
    ]
    .map(Option::as_deref)
}
