//! The fields that columns are made of: what they are called, where they are in the JSON of a row, and
//! what their values are.

/// What the values of a column are. Null is among those of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A point in time.
    Time,
    /// Several words.
    Words,
    /// JSON, as text: what has no shape that is always the same.
    Json,
}

/// Name, place in the JSON of a summary, kind.
pub(super) type Field = (&'static str, &'static [&'static str], Kind);

pub(super) const CALL: &[Field] = &[
    ("account_sid", &["account_sid"], Kind::Text),
    ("call_sid", &["call_sid"], Kind::Text),
    ("parent_account_sid", &["parent_account_sid"], Kind::Text),
    ("parent_call_sid", &["parent_call_sid"], Kind::Text),
    ("call_type", &["call_type"], Kind::Text),
    ("call_state", &["call_state"], Kind::Text),
    ("answered_by", &["answered_by"], Kind::Text),
    ("processing_state", &["processing_state"], Kind::Text),
    ("processing_version", &["processing_version"], Kind::Integer),
    ("created_time", &["created_time"], Kind::Time),
    ("start_time", &["start_time"], Kind::Time),
    ("end_time", &["end_time"], Kind::Time),
    ("duration", &["duration"], Kind::Integer),
    ("connect_duration", &["connect_duration"], Kind::Integer),
    ("tags", &["tags"], Kind::Words),
    ("direction", &["properties", "direction"], Kind::Text),
    (
        "disconnected_by",
        &["properties", "disconnected_by"],
        Kind::Text,
    ),
    (
        "last_sip_response_num",
        &["properties", "last_sip_response_num"],
        Kind::Integer,
    ),
    ("pdd_ms", &["properties", "pdd_ms"], Kind::Integer),
    (
        "pdd_limit_p95_ms",
        &["properties", "pdd_limit", "p95_ms"],
        Kind::Integer,
    ),
    (
        "pdd_limit_country",
        &["properties", "pdd_limit", "country"],
        Kind::Text,
    ),
    ("q850_cause", &["properties", "q850_cause"], Kind::Integer),
    ("queue_time", &["properties", "queue_time"], Kind::Integer),
    (
        "end_not_seen",
        &["properties", "end_not_seen"],
        Kind::Boolean,
    ),
    ("sip", &["properties", "sip"], Kind::Json),
    (
        "conference_participant",
        &["attributes", "conference_participant"],
        Kind::Boolean,
    ),
    ("from_caller", &["from", "caller"], Kind::Text),
    ("to_callee", &["to", "callee"], Kind::Text),
];

/// Of each of `from` and `to`.
pub(super) const PARTY: &[Field] = &[
    ("carrier", &["carrier"], Kind::Text),
    ("connection", &["connection"], Kind::Text),
    ("country_code", &["country_code"], Kind::Text),
    ("country_subdivision", &["country_subdivision"], Kind::Text),
    ("city", &["city"], Kind::Text),
    ("location_lat", &["location", "lat"], Kind::Number),
    ("location_lon", &["location", "lon"], Kind::Number),
    ("ip_address", &["ip_address"], Kind::Text),
    ("number_prefix", &["number_prefix"], Kind::Text),
    ("sdk", &["sdk"], Kind::Json),
];

pub(super) const TRUST: &[Field] = &[
    (
        "verified_caller",
        &["verified_caller", "verified"],
        Kind::Boolean,
    ),
    ("attestation_level", &["attestation", "level"], Kind::Text),
    (
        "attestation_verified",
        &["attestation", "verified"],
        Kind::Boolean,
    ),
    (
        "attestation_verstat",
        &["attestation", "verstat"],
        Kind::Text,
    ),
    ("branded_enabled", &["branded", "enabled"], Kind::Boolean),
    (
        "branded_display_name",
        &["branded", "display_name"],
        Kind::Text,
    ),
    ("branded_bundle_sid", &["branded", "bundle_sid"], Kind::Text),
    ("branded_logo", &["branded", "logo"], Kind::Boolean),
    ("branded_type", &["branded", "type"], Kind::Text),
    ("branded_use_case", &["branded", "use_case"], Kind::Text),
    (
        "branded_call_reason",
        &["branded", "call_reason"],
        Kind::Text,
    ),
    (
        "business_profile_bundle_sid",
        &["business_profile", "bundle_sid"],
        Kind::Text,
    ),
    (
        "business_profile_identity",
        &["business_profile", "identity"],
        Kind::Text,
    ),
    (
        "business_profile_industry",
        &["business_profile", "industry"],
        Kind::Text,
    ),
    (
        "business_profile_type",
        &["business_profile", "type"],
        Kind::Text,
    ),
    (
        "voice_integrity_enabled",
        &["voice_integrity", "enabled"],
        Kind::Boolean,
    ),
    (
        "voice_integrity_bundle_sid",
        &["voice_integrity", "bundle_sid"],
        Kind::Text,
    ),
    (
        "voice_integrity_use_case",
        &["voice_integrity", "use_case"],
        Kind::Text,
    ),
];

pub(super) const EDGES: [&str; 4] = ["carrier_edge", "client_edge", "sdk_edge", "sip_edge"];

/// Of each edge.
pub(super) const EDGE: &[Field] = &[
    ("direction", &["properties", "direction"], Kind::Text),
    ("media_region", &["properties", "media_region"], Kind::Text),
    (
        "signaling_region",
        &["properties", "signaling_region"],
        Kind::Text,
    ),
    (
        "edge_location",
        &["properties", "edge_location"],
        Kind::Text,
    ),
    (
        "twilio_media_ip",
        &["properties", "twilio_media_ip"],
        Kind::Text,
    ),
    (
        "twilio_signaling_ip",
        &["properties", "twilio_signaling_ip"],
        Kind::Text,
    ),
    (
        "external_media_ip",
        &["properties", "external_media_ip"],
        Kind::Text,
    ),
    (
        "external_signaling_ip",
        &["properties", "external_signaling_ip"],
        Kind::Text,
    ),
    ("sip_call_id", &["properties", "sip_call_id"], Kind::Text),
    (
        "sip_response",
        &["properties", "sip_response"],
        Kind::Integer,
    ),
    ("q850_cause", &["properties", "q850_cause"], Kind::Integer),
    ("user_agent", &["properties", "user_agent"], Kind::Text),
    ("trunk_sid", &["properties", "trunk_sid"], Kind::Text),
    (
        "selected_region",
        &["properties", "selected_region"],
        Kind::Text,
    ),
    ("region", &["properties", "region"], Kind::Text),
    (
        "disconnected_by",
        &["properties", "disconnected_by"],
        Kind::Text,
    ),
    ("settings", &["properties", "settings"], Kind::Json),
    ("leg_rtt_avg", &["metrics", "leg_rtt", "avg"], Kind::Number),
    ("leg_rtt_max", &["metrics", "leg_rtt", "max"], Kind::Number),
    ("leg_rtt_min", &["metrics", "leg_rtt", "min"], Kind::Number),
    ("not_measured", &["not_measured"], Kind::Text),
    ("disregarded_reason", &["disregarded", "reason"], Kind::Text),
    (
        "disregarded_reports",
        &["disregarded", "reports"],
        Kind::Integer,
    ),
    ("unheard", &["unheard"], Kind::Json),
    ("events", &["events"], Kind::Json),
    ("tags", &["tags"], Kind::Words),
];

/// Of each stream of an edge: what it received (`inbound`) and sent (`outbound`).
pub(super) const STREAM: &[Field] = &[
    ("codec_name", &["codec_name"], Kind::Text),
    ("packets_received", &["packets_received"], Kind::Integer),
    ("packets_sent", &["packets_sent"], Kind::Integer),
    ("packets_lost", &["packets_lost"], Kind::Integer),
    (
        "packets_loss_percentage",
        &["packets_loss_percentage"],
        Kind::Number,
    ),
    ("bytes_received", &["bytes_received"], Kind::Integer),
    ("bytes_sent", &["bytes_sent"], Kind::Integer),
    ("jitter_avg", &["jitter", "avg"], Kind::Number),
    ("jitter_max", &["jitter", "max"], Kind::Number),
    ("latency_avg", &["latency", "avg"], Kind::Number),
    ("latency_max", &["latency", "max"], Kind::Number),
    ("rtt_avg", &["rtt", "avg"], Kind::Number),
    ("rtt_max", &["rtt", "max"], Kind::Number),
    ("rtt_min", &["rtt", "min"], Kind::Number),
    ("mos_avg", &["mos", "avg"], Kind::Number),
    ("mos_max", &["mos", "max"], Kind::Number),
    ("mos_min", &["mos", "min"], Kind::Number),
    ("mos_method", &["mos_method"], Kind::Text),
    (
        "packet_delay_variation",
        &["packet_delay_variation"],
        Kind::Json,
    ),
    ("audio_in_avg", &["audio_in", "avg"], Kind::Number),
    ("audio_out_avg", &["audio_out", "avg"], Kind::Number),
];

/// What people say of a call.
pub(super) const ANNOTATION: &[Field] = &[
    ("answered_by", &["answered_by"], Kind::Text),
    ("connectivity_issue", &["connectivity_issue"], Kind::Text),
    ("quality_issues", &["quality_issues"], Kind::Words),
    ("spam", &["spam"], Kind::Boolean),
    ("call_score", &["call_score"], Kind::Integer),
    ("comment", &["comment"], Kind::Text),
    ("incident", &["incident"], Kind::Text),
];

pub(super) const AGENTS: &[Field] = &[(
    "agent_session_summaries",
    &["agent_session_summaries"],
    Kind::Json,
)];

/// Of a change of an annotation, beside what it says and said before.
pub(super) const CHANGE: &[Field] = &[
    ("account_sid", &["account_sid"], Kind::Text),
    ("call_sid", &["call_sid"], Kind::Text),
    ("revision", &["revision"], Kind::Integer),
    ("is_current", &["is_current"], Kind::Boolean),
    ("time", &["time"], Kind::Time),
    ("author", &["author"], Kind::Text),
    ("by", &["by"], Kind::Text),
];

/// Of the feedback on a call.
pub(super) const RATING: &[Field] = &[
    ("account_sid", &["account_sid"], Kind::Text),
    ("call_sid", &["call_sid"], Kind::Text),
    ("quality_score", &["quality_score"], Kind::Integer),
    ("issues", &["issues"], Kind::Words),
    ("created_time", &["created_time"], Kind::Time),
    ("updated_time", &["updated_time"], Kind::Time),
];
