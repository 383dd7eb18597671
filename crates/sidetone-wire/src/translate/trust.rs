//! `trust` of a summary, in its present shape and in the one before it.

use serde_json::Value;
use sidetone_core::facts::TrustFacts;

use crate::loose::Object;

pub(super) fn trust_facts(trust: Object<'_>) -> TrustFacts {
    let branded = trust.object("branded");
    let earlier = trust.object("branded_call");
    let business = trust.object("business_profile");
    let integrity = trust.object("voice_integrity");
    let attestation = trust.object("attestation");
    TrustFacts {
        verified_caller: match trust.value("verified_caller") {
            Some(Value::Bool(verified)) => Some(*verified),
            other => Object::of(other).flag("verified"),
        },
        attestation: attestation.text("level"),
        attested_caller: attestation.text("caller"),
        attestation_origin: attestation.text("origin_id"),
        attestation_verified: attestation.flag("verified"),
        verstat: attestation.text("verstat"),
        branded_enabled: branded.flag("enabled").or_else(|| earlier.flag("branded")),
        branded_display_name: branded.text("display_name"),
        branded_long_display_name: branded.text("long_display_name"),
        branded_bundle_sid: branded.text("bundle_sid"),
        branded_logo: branded.flag("logo"),
        branded_type: branded.text("type"),
        branded_use_case: branded
            .text("use_case")
            .or_else(|| earlier.text("use_case")),
        branded_call_reason: branded.text("call_reason"),
        branded_caller: earlier.text("caller"),
        branded_channel_sid: earlier.text("branded_channel_sid"),
        branded_business_sid: earlier.text("business_sid"),
        branded_brand_sid: earlier.text("brand_sid"),
        business_bundle_sid: business.text("bundle_sid"),
        business_identity: business.text("identity"),
        business_industry: business.text("industry"),
        business_type: business.text("type"),
        voice_integrity_enabled: integrity.flag("enabled"),
        voice_integrity_bundle_sid: integrity.text("bundle_sid"),
        voice_integrity_use_case: integrity.text("use_case"),
    }
}
