//! What is known of the caller's identity, and how the call presents itself.

use sidetone_core::facts::TrustFacts;
use sidetone_core::vocabulary::CallDirection;

use super::chance::Dice;
use super::plan::Plan;

const BUSINESS_PROFILE: &str = "BU3f0c9d1be4a75b62d8c1f09e7a2b4c6d";
const BRANDED: &str = "BU9a4e7c20f1d8b36e5c0a7d92e4f1b8c3";
const VOICE_INTEGRITY: &str = "BU61d2f8a07b3c4e95a1f6d0c8e27b9354";

/// Caller verification of a call that comes in: most American calls carry it, few others do.
pub(super) fn verified(call: &mut Plan, dice: &mut Dice) {
    let american = matches!(call.from.country_code.as_deref(), Some("US" | "CA"));
    if american && dice.happens(0.85) {
        call.trust.verified_caller = Some(dice.happens(0.78));
    } else if dice.happens(0.1) {
        call.trust.verified_caller = Some(false);
    }
}

/// The registrations of the company's own calls. Branding is a trial: half of the American ones.
pub(super) fn registered(call: &mut Plan, dice: &mut Dice) {
    if call.direction != CallDirection::OutboundApi {
        return;
    }
    let american = call.to.country_code.as_deref() == Some("US");
    let branded = american && dice.happens(0.5);
    let in_band = dice.happens(0.4);
    let (use_case, reason) = *dice.pick(&[
        ("APPOINTMENT_REMINDERS", "Your appointment tomorrow"),
        ("DELIVERY_NOTIFICATIONS", "Your delivery"),
        ("CUSTOMER_SUPPORT", "Your support request"),
    ]);
    let text = |text: &str| Some(text.to_owned());
    let mut trust = TrustFacts {
        business_bundle_sid: text(BUSINESS_PROFILE),
        business_identity: text("direct_customer"),
        business_industry: text("energy"),
        business_type: text("primary"),
        branded_enabled: american.then_some(branded),
        ..call.trust.clone()
    };
    if branded {
        trust = TrustFacts {
            branded_display_name: text("Example Energy"),
            branded_long_display_name: text("Example Energy Customer Care"),
            branded_bundle_sid: text(BRANDED),
            branded_logo: Some(!in_band),
            branded_type: text(if in_band { "in_band" } else { "out_of_band" }),
            branded_use_case: text(use_case),
            branded_call_reason: text(reason),
            ..trust
        };
    }
    if american && dice.happens(0.7) {
        trust = TrustFacts {
            voice_integrity_enabled: Some(true),
            voice_integrity_bundle_sid: text(VOICE_INTEGRITY),
            voice_integrity_use_case: text(use_case),
            ..trust
        };
    }
    call.trust = trust;
}
