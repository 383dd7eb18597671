//! Summaries against a filter so simple that it must be right: over random calls, for every filter
//! and every pair of filters, page by page, while more calls arrive.

use std::collections::HashSet;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use sidetone_core::time::TimeUs;

use crate::harness::{NOW, TestServer};

const CALLS: usize = 150;

/// A filter: its parameter, values worth asking for, and where the summary has the answer.
struct Filter {
    parameter: &'static str,
    values: &'static [&'static str],
    answer: fn(&Value) -> Value,
}

macro_rules! filters {
    ($($parameter:literal, [$($value:literal),*], $summary:ident => $answer:expr;)*) => {
        &[$(Filter { parameter: $parameter, values: &[$($value),*], answer: |$summary| ($answer).clone() },)*]
    };
}

/// Every filter of Summaries but the times and the processing state, which are varied apart.
const FILTERS: &[Filter] = filters![
    "From", ["+14155550100", "sip:bob@example.com", "+19995550000"], s => s["from"]["caller"];
    "To", ["+442079460101", "client:alice"], s => s["to"]["callee"];
    "Number", ["+14155550100", "14155550100", "442079460101", "client:alice", "+19995550000"], s => {
        let parties = [&s["from"]["caller"], &s["to"]["callee"]];
        let texts = parties.map(|party| party.as_str().unwrap());
        json!([texts, texts.map(|text| text.trim_start_matches('+'))].concat())
    };
    "UserAgent", ["LINphone", "pbx 22", "nobody"], s => {
        let agent = s["sip_edge"]["properties"]["user_agent"].as_str().unwrap_or_default();
        json!(match agent {
            "Linphone/5.2" => vec!["LINphone"],
            "Example PBX 22" => vec!["pbx 22"],
            _ => vec![],
        })
    };
    "SipCallId", ["a+b@192.0.2.1", "c@192.0.2.1", "d@192.0.2.1"], s => s["sip_edge"]["properties"]["sip_call_id"];
    "FromCarrier", ["Example Mobile", "Northern & Sons"], s => s["from"]["carrier"];
    "ToCarrier", ["Example Mobile", "Nobody"], s => s["to"]["carrier"];
    "FromCountryCode", ["US", "GB"], s => s["from"]["country_code"];
    "ToCountryCode", ["GB", "FR"], s => s["to"]["country_code"];
    "VerifiedCaller", ["true", "False"], s => s["trust"]["verified_caller"]["verified"];
    "HasTag", ["true", "false"], s => json!(s["tags"].as_array().is_some_and(|tags| !tags.is_empty()));
    "CallType", ["carrier", "sip,client", "whatsapp"], s => s["call_type"];
    "CallState", ["completed", "busy,noanswer", "undialed"], s => s["call_state"];
    "Direction", ["inbound", "outbound_api,outbound-dial"], s => s["properties"]["direction"];
    "AbnormalSession", ["true", "false"], s => match s["properties"]["last_sip_response_num"].as_u64() {
        Some(code) => json!(code != 200),
        None => Value::Null,
    };
    "AnsweredBy", ["human", "machine_start"], s => s["answered_by"];
    "AnsweredByAnnotation", ["human", "machine,human"], s => s["annotation"]["answered_by"];
    "ConnectivityIssueAnnotation", ["dropped_call", "caller_id,invalid_number"], s => s["annotation"]["connectivity_issue"];
    "QualityIssueAnnotation", ["echo", "latency,owa"], s => s["annotation"]["quality_issues"];
    "SpamAnnotation", ["true", "false"], s => s["annotation"]["spam"];
    "CallScoreAnnotation", ["1", "1,2"], s => s["annotation"]["call_score"];
    "BrandedEnabled", ["true", "false"], s => s["trust"]["branded"]["enabled"];
    "BrandedLogo", ["true", "false"], s => s["trust"]["branded"]["logo"];
    "BrandedBundleSid", ["BU1"], s => s["trust"]["branded"]["bundle_sid"];
    "BrandedType", ["in_band"], s => s["trust"]["branded"]["type"];
    "BrandedUseCase", ["sales"], s => s["trust"]["branded"]["use_case"];
    "BrandedCallReason", ["reminder"], s => s["trust"]["branded"]["call_reason"];
    "VoiceIntegrityEnabled", ["true", "false"], s => s["trust"]["voice_integrity"]["enabled"];
    "VoiceIntegrityBundleSid", ["BU2"], s => s["trust"]["voice_integrity"]["bundle_sid"];
    "VoiceIntegrityUseCase", ["call_tracking"], s => s["trust"]["voice_integrity"]["use_case"];
    "BusinessProfileBundleSid", ["BU3"], s => s["trust"]["business_profile"]["bundle_sid"];
    "BusinessProfileIdentity", ["direct_customer"], s => s["trust"]["business_profile"]["identity"];
    "BusinessProfileIndustry", ["banking"], s => s["trust"]["business_profile"]["industry"];
    "BusinessProfileType", ["primary", "secondary"], s => s["trust"]["business_profile"]["type"];
];

/// Whether a summary's answer is among the values asked for. What is not known matches nothing.
fn holds(answer: &Value, asked: &str) -> bool {
    let any = |text: &str| {
        asked
            .split(',')
            .any(|value| value.replace('-', "_") == text.replace('-', "_"))
    };
    match answer {
        Value::Null => false,
        Value::Bool(flag) => asked.eq_ignore_ascii_case(&flag.to_string()),
        Value::Array(items) => items.iter().any(|item| any(item.as_str().unwrap())),
        Value::String(text) => any(text),
        number => any(&number.to_string()),
    }
}

/// SplitMix64: enough to choose by, and the same everywhere for one seed.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    /// One of some values, or nothing.
    fn maybe(&mut self, from: &[&str]) -> Value {
        if self.below(3) == 0 {
            Value::Null
        } else {
            json!(self.pick(from))
        }
    }

    fn flag(&mut self) -> Value {
        self.one_of([Value::Null, json!(true), json!(false)])
    }

    fn one_of<const N: usize>(&mut self, from: [Value; N]) -> Value {
        from[self.below(N)].clone()
    }
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, without_nulls(value)))
            .collect(),
        other => other,
    }
}

fn call_sid(number: usize) -> String {
    format!("CA{number:032x}")
}

/// An event that tells all there is to know of a random call.
fn random_call(random: &mut Random, number: usize) -> Value {
    let now = TimeUs::parse_rfc3339(NOW).unwrap();
    // Early enough to have ended by now.
    let started = now.plus_us(-(900 + random.below(20 * 86_400) as i64) * 1_000_000);
    let ended = started.plus_us((random.below(900) as i64) * 1_000_000);
    let running = random.below(10) == 0;
    let step = random.pick(&[
        "completed",
        "completed",
        "busy",
        "no_answer",
        "failed",
        "canceled",
    ]);
    let facts = json!({
        "call_type": random.maybe(&["carrier", "sip", "trunking", "client"]),
        "direction": random.maybe(&["inbound", "outbound_api", "outbound_dial"]),
        "answered_by": random.maybe(&["human", "machine_start", "fax"]),
        "started_at": started.to_string(),
        "last_sip_response": random.one_of([json!(200), json!(486), Value::Null]),
        "tags": random.one_of([Value::Null, json!(["silence"])]),
        "from": {
            "address": random.pick(&["+14155550100", "+14155550101", "sip:bob@example.com"]),
            "carrier": random.maybe(&["Example Mobile", "Northern & Sons"]),
        },
        "to": {
            "address": random.pick(&["+442079460101", "client:alice", "+14155550102"]),
            "carrier": random.maybe(&["Example Mobile", "Northern & Sons"]),
        },
        "edges": {"sip_edge": {
            "user_agent": random.maybe(&["Linphone/5.2", "Example PBX 22"]),
            "sip_call_id": random.maybe(&["a+b@192.0.2.1", "c@192.0.2.1"]),
        }},
        "trust": {
            "verified_caller": random.flag(),
            "branded_enabled": random.flag(),
            "branded_logo": random.flag(),
            "branded_bundle_sid": random.maybe(&["BU1", "BU9"]),
            "branded_type": random.maybe(&["in_band", "out_of_band"]),
            "branded_use_case": random.maybe(&["sales", "support"]),
            "branded_call_reason": random.maybe(&["reminder", "offer"]),
            "voice_integrity_enabled": random.flag(),
            "voice_integrity_bundle_sid": random.maybe(&["BU2", "BU9"]),
            "voice_integrity_use_case": random.maybe(&["call_tracking", "other"]),
            "business_bundle_sid": random.maybe(&["BU3", "BU9"]),
            "business_identity": random.maybe(&["direct_customer", "isv_reseller_or_partner"]),
            "business_industry": random.maybe(&["banking", "fintech"]),
            "business_type": random.maybe(&["primary", "secondary"]),
        },
    });
    json!({
        "id": "1", "call_sid": call_sid(number), "kind": "progress",
        "at": if running { started } else { ended }.to_string(),
        "step": if running { "answered" } else { step },
        "facts": without_nulls(facts),
    })
}

async fn arrive(server: &TestServer, random: &mut Random, numbers: std::ops::Range<usize>) {
    let lines: Vec<String> = numbers
        .map(|number| random_call(random, number).to_string())
        .collect();
    let body = lines.join("\n").into_bytes();
    let answer = server
        .post_as("/ingest/v1/events", "application/x-ndjson", body)
        .await;
    assert_eq!(answer.json()["rejected"], 0, "{}", answer.text);
    server.pass(1).await;
}

async fn annotate(server: &TestServer, random: &mut Random, number: usize) {
    let mut form = String::new();
    for (name, values) in [
        ("AnsweredBy", ["human", "machine", "unknown_answered_by"]),
        (
            "ConnectivityIssue",
            ["dropped_call", "caller_id", "no_connectivity_issue"],
        ),
        (
            "QualityIssues",
            ["echo", "latency,owa", "echo,static_noise"],
        ),
        ("Spam", ["true", "false", "True"]),
        ("CallScore", ["1", "2", "5"]),
    ] {
        if random.below(2) == 0 {
            form += &format!("{name}={}&", random.pick(&values));
        }
    }
    let answer = server
        .post(&format!("/v1/Voice/{}/Annotation", call_sid(number)), &form)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// Every call as the Summary resource shows it.
async fn all_summaries(server: &TestServer) -> Vec<Value> {
    let mut summaries = Vec::new();
    for number in 0..CALLS {
        let path = format!("/v1/Voice/{}/Summary?ProcessingState=all", call_sid(number));
        summaries.push(server.get(&path).await.json());
    }
    summaries
}

/// Reads a list to its end, in pages of random size, while calls arrive between the pages.
async fn listed(
    server: &TestServer,
    random: &mut Random,
    query: &str,
    arriving: &mut usize,
) -> Vec<Value> {
    let size = 1 + random.below(60);
    let mut path = format!("/v1/Voice/Summaries?{query}&PageSize={size}");
    let mut rows = Vec::new();
    loop {
        let answer = server.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        let page = answer.json();
        let calls = page["call_summaries"].as_array().unwrap();
        assert!(calls.len() <= size);
        rows.extend(calls.iter().cloned());
        let Some(next) = page["meta"]["next_page_url"].as_str() else {
            return rows;
        };
        path = next
            .strip_prefix("http://sidetone.test")
            .unwrap()
            .to_owned();
        if random.below(25) == 0 {
            arrive(server, random, *arriving..*arriving + 1).await;
            *arriving += 1;
        }
    }
}

fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// That of the environment, to repeat a run; else a new one.
#[allow(
    clippy::disallowed_methods,
    reason = "random tests print their seed and take it back"
)]
pub(crate) fn seed() -> u64 {
    match std::env::var("SIDETONE_MODEL_SEED") {
        Ok(text) => text.parse().unwrap(),
        Err(_) => SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_nanos() as u64,
    }
}

#[tokio::test]
#[allow(clippy::print_stdout, reason = "random tests print their seed")]
async fn every_filter_and_pair_of_filters_finds_what_it_should() {
    let seed = seed();
    println!("SIDETONE_MODEL_SEED={seed}");
    let mut random = Random(seed);
    let server = TestServer::start().await;
    arrive(&server, &mut random, 0..CALLS).await;
    // Some settle, some stay partial.
    server.pass(61).await;
    arrive(&server, &mut random, CALLS..CALLS + 1).await;
    for number in 0..CALLS {
        if random.below(2) == 0 {
            annotate(&server, &mut random, number).await;
        }
    }
    let known = all_summaries(&server).await;
    let ours: HashSet<String> = (0..CALLS).map(call_sid).collect();
    let mut arriving = CALLS + 1;

    let mut asked = vec![vec![]];
    for (index, one) in FILTERS.iter().enumerate() {
        for value in one.values {
            asked.push(vec![(one, *value)]);
        }
        for other in &FILTERS[index + 1..] {
            asked.push(vec![
                (one, random.pick(one.values)),
                (other, random.pick(other.values)),
            ]);
        }
    }
    for filters in asked {
        let state = random.pick(&["all", "all", "all", "completed", "partial", "started"]);
        let sort = random.pick(&["start_time", "end_time"]);
        let days = [5, 30][random.below(2)];
        let mut query = format!("StartTime={days}d&ProcessingState={state}&SortBy={sort}");
        for (filter, value) in &filters {
            query += &format!("&{}={}", filter.parameter, encode(value));
        }
        let earliest = server.app.clock.now().plus_us(-days * 86_400_000_000);
        let wanted: HashSet<&str> = known
            .iter()
            .filter(|summary| {
                let started =
                    TimeUs::parse_rfc3339(summary["start_time"].as_str().unwrap()).unwrap();
                let running = summary["end_time"].is_null();
                let right_state = match state {
                    "completed" => summary["processing_state"] == "complete",
                    "partial" => summary["processing_state"] == "partial",
                    "started" => running,
                    _ => true,
                };
                started >= earliest
                    && right_state
                    && filters
                        .iter()
                        .all(|(filter, value)| holds(&(filter.answer)(summary), value))
            })
            .map(|summary| summary["call_sid"].as_str().unwrap())
            .collect();
        let rows = listed(&server, &mut random, &query, &mut arriving).await;
        let sids: Vec<&str> = rows
            .iter()
            .map(|row| row["call_sid"].as_str().unwrap())
            .filter(|sid| ours.contains(*sid))
            .collect();
        let found: HashSet<&str> = sids.iter().copied().collect();
        assert_eq!(found.len(), sids.len(), "{query}: a call was listed twice");
        let wrong: Vec<_> = found.symmetric_difference(&wanted).collect();
        assert!(
            wrong.is_empty(),
            "{query} (seed {seed}): {} listed, {} wanted, wrong {wrong:?}",
            found.len(),
            wanted.len()
        );
        assert!(is_sorted(&rows, sort), "{query}: not in order");
    }
}

/// Latest first; by end, running calls before all others.
fn is_sorted(rows: &[Value], sort: &str) -> bool {
    let key = |row: &Value| match row[sort].as_str() {
        Some(text) => TimeUs::parse_rfc3339(text).unwrap(),
        None => TimeUs::from_micros(i64::MAX),
    };
    rows.windows(2).all(|pair| key(&pair[0]) >= key(&pair[1]))
}
