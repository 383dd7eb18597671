//! What is known of a caller's identity, for the few calls something is known of.

use sidetone_core::facts::TrustFacts;

use sidetone_bench::random::Random;

const USE_CASES: [&str; 6] = [
    "ar_automated_calls",
    "appointment_reminders",
    "fraud_alerts",
    "order_notifications",
    "political",
    "product_recall",
];
const REASONS: [&str; 5] = [
    "Appointment Confirmation",
    "Delivery Update",
    "Account Alert",
    "Survey",
    "Callback You Asked For",
];
const INDUSTRIES: [&str; 6] = [
    "healthcare",
    "finance",
    "retail",
    "education",
    "technology",
    "energy",
];

/// Any mixture.
pub fn of(random: &mut Random) -> TrustFacts {
    let mut trust = TrustFacts::default();
    if random.per_mille(800) {
        trust.verified_caller = Some(random.per_mille(750));
    }
    if random.per_mille(400) {
        trust.branded_enabled = Some(random.per_mille(900));
        trust.branded_logo = Some(random.per_mille(300));
        trust.branded_display_name = Some("Example Health".to_owned());
        trust.branded_bundle_sid = Some(bundle(random, 40));
        trust.branded_type = Some(
            random
                .weighted(&[("in_band", 98), ("out_of_band", 2)])
                .to_owned(),
        );
        trust.branded_use_case = Some(USE_CASES[random.zipf(6) as usize].to_owned());
        trust.branded_call_reason = Some(REASONS[random.zipf(5) as usize].to_owned());
    }
    if random.per_mille(400) {
        trust.voice_integrity_enabled = Some(random.per_mille(900));
        trust.voice_integrity_bundle_sid = Some(bundle(random, 40));
        trust.voice_integrity_use_case = Some(USE_CASES[random.zipf(6) as usize].to_owned());
    }
    if random.per_mille(400) {
        trust.business_bundle_sid = Some(bundle(random, 25));
        trust.business_identity = Some(
            random
                .weighted(&[("direct_customer", 95), ("isv_reseller_or_partner", 5)])
                .to_owned(),
        );
        trust.business_industry = Some(INDUSTRIES[random.zipf(6) as usize].to_owned());
        trust.business_type = Some(
            random
                .weighted(&[("primary", 97), ("secondary", 3)])
                .to_owned(),
        );
    }
    trust
}

fn bundle(random: &mut Random, count: u64) -> String {
    format!("BU{:032x}", random.zipf(count) + 1)
}
