//! Every filter of a list: the value a call has for it, how it is set, and a value that no call
//! has.

use sidetone_core::annotation::Annotation;
use sidetone_core::correlate::call_sid;
use sidetone_core::facts::EdgeFacts;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::search;
use sidetone_core::summary::CallSummary;
use sidetone_core::vocabulary::EdgeKind;

/// One filter.
pub struct Field {
    /// Its parameter on the wire.
    pub name: &'static str,
    /// What a call would be found by.
    pub of: fn(&CallSummary, &Annotation) -> Option<String>,
    /// Narrows a list to a value.
    pub set: fn(&mut SummaryFilter, &str),
    /// A value that no complete call has, where there is one.
    pub nothing: Option<&'static str>,
}

macro_rules! fields {
    (
        texts { $($tname:literal $tfield:ident: $($tpath:ident).+, $tnothing:literal;)* }
        words { $($wname:literal $wfield:ident: $($wpath:ident).+, $wnothing:expr;)* }
        flags { $($fname:literal $ffield:ident: $($fpath:ident).+;)* }
        others { $($other:expr;)* }
    ) => {
        /// Every filter.
        pub const FIELDS: &[Field] = &[
            $(Field {
                name: $tname,
                of: |call, _| call.facts.$($tpath).+.clone(),
                set: |filter, value| filter.$tfield = vec![value.to_owned()],
                nothing: Some($tnothing),
            },)*
            $(Field {
                name: $wname,
                of: |call, _| call.facts.$($wpath).+.map(|word| word.to_string()),
                set: |filter, value| filter.$wfield = value.parse().into_iter().collect(),
                nothing: $wnothing,
            },)*
            $(Field {
                name: $fname,
                of: |call, _| call.facts.$($fpath).+.map(|flag| flag.to_string()),
                set: |filter, value| filter.$ffield = value.parse().ok(),
                nothing: None,
            },)*
            $($other,)*
        ];
    };
}

// The values that find nothing are words the database knows, but of other fields: it must look to
// find out.
fields! {
    texts {
        "From" from: from.address, "+19995550100";
        "To" to: to.address, "+19995550100";
        "FromCarrier" from_carrier: from.carrier, "in_band";
        "ToCarrier" to_carrier: to.carrier, "in_band";
        "FromCountryCode" from_country: from.country_code, "in_band";
        "ToCountryCode" to_country: to.country_code, "in_band";
        "BrandedBundleSid" branded_bundle_sid: trust.branded_bundle_sid, "in_band";
        "BrandedType" branded_type: trust.branded_type, "primary";
        "BrandedUseCase" branded_use_case: trust.branded_use_case, "in_band";
        "BrandedCallReason" branded_call_reason: trust.branded_call_reason, "in_band";
        "VoiceIntegrityBundleSid" voice_integrity_bundle_sid: trust.voice_integrity_bundle_sid, "in_band";
        "VoiceIntegrityUseCase" voice_integrity_use_case: trust.voice_integrity_use_case, "in_band";
        "BusinessProfileBundleSid" business_bundle_sid: trust.business_bundle_sid, "in_band";
        "BusinessProfileIdentity" business_identity: trust.business_identity, "in_band";
        "BusinessProfileIndustry" business_industry: trust.business_industry, "in_band";
        "BusinessProfileType" business_type: trust.business_type, "in_band";
    }
    words {
        "CallType" call_type: call_type, None;
        "CallState" call_state: state, Some("ringing");
        "Direction" direction: direction, None;
        "AnsweredBy" answered_by: answered_by, None;
    }
    flags {
        "VerifiedCaller" verified_caller: trust.verified_caller;
        "BrandedEnabled" branded_enabled: trust.branded_enabled;
        "BrandedLogo" branded_logo: trust.branded_logo;
        "VoiceIntegrityEnabled" voice_integrity_enabled: trust.voice_integrity_enabled;
    }
    others {
        Field {
            name: "CallSids",
            of: |call, _| Some(call.call.sid.to_string()),
            set: |filter, value| filter.call_sid = value.parse().into_iter().collect(),
            nothing: Some("CA00000000000000000000000000000000"),
        };
        Field {
            name: "Agent",
            of: |call, _| {
                let parties = [&call.facts.from, &call.facts.to];
                let agents = search::agents(call).into_iter().zip(parties);
                let agent = agents.filter(|(is_agent, _)| *is_agent).map(|(_, party)| party).next()?;
                Some(search::identity(agent.address.as_deref()?).to_owned())
            },
            set: |filter, value| filter.agent = vec![value.to_owned()],
            nothing: Some("nobody"),
        };
        Field {
            name: "Tag",
            of: |call, _| Some(call.tags.first()?.to_string()),
            set: |filter, value| filter.tag = value.parse().into_iter().collect(),
            nothing: None,
        };
        Field {
            name: "MinDuration",
            of: |call, _| Some(call.facts.duration_s?.to_string()),
            set: |filter, value| filter.min_duration_s = value.parse().ok(),
            nothing: Some("90000"),
        };
        Field {
            name: "MaxDuration",
            of: |call, _| Some(call.facts.duration_s?.to_string()),
            set: |filter, value| filter.max_duration_s = value.parse().ok(),
            nothing: Some("0"),
        };
        Field {
            name: "MinPdd",
            of: |call, _| Some(call.facts.pdd_ms?.to_string()),
            set: |filter, value| filter.min_pdd_ms = value.parse().ok(),
            nothing: Some("90000"),
        };
        Field {
            name: "SipResponse",
            of: |call, _| Some(call.facts.last_sip_response?.to_string()),
            set: |filter, value| filter.sip_response = value.parse().into_iter().collect(),
            nothing: Some("699"),
        };
        Field {
            name: "MinPacketLoss",
            of: |call, _| Some(decimal(search::loss(call)?)),
            set: |filter, value| filter.min_loss = hundredths(value),
            nothing: Some("90"),
        };
        Field {
            name: "MinJitter",
            of: |call, _| Some(decimal(search::jitter(call)?)),
            set: |filter, value| filter.min_jitter = hundredths(value),
            nothing: Some("9000"),
        };
        Field {
            name: "MaxMos",
            of: |call, _| Some(decimal(search::mos(call)?)),
            set: |filter, value| filter.max_mos = hundredths(value),
            nothing: Some("1"),
        };
        Field {
            name: "Codec",
            of: |call, _| search::codecs(call).pop_first(),
            set: |filter, value| filter.codec = vec![value.to_owned()],
            nothing: Some("in_band"),
        };
        Field {
            name: "Edge",
            of: |call, _| Some(call.edges.keys().next()?.to_string()),
            set: |filter, value| filter.edge = value.parse().into_iter().collect(),
            nothing: Some("unknown_edge"),
        };
        Field {
            name: "Measured",
            of: |call, _| Some(search::is_measured(call).to_string()),
            set: |filter, value| filter.measured = value.parse().ok(),
            nothing: None,
        };
        Field {
            name: "Annotated",
            of: |_, said| Some((!said.is_empty()).to_string()),
            set: |filter, value| filter.annotated = value.parse().ok(),
            nothing: None,
        };
        Field {
            name: "Comment",
            of: |_, said| said.comment.as_ref()?.rsplit(' ').next().map(str::to_owned),
            set: |filter, value| filter.comment = vec![value.to_owned()],
            nothing: Some("take care"),
        };
        Field {
            name: "Incident",
            of: |_, said| said.incident.clone(),
            set: |filter, value| filter.incident = vec![value.to_owned()],
            nothing: Some("INC"),
        };
        Field {
            name: "Number",
            of: |call, _| call.facts.to.address.clone().or_else(|| call.facts.from.address.clone()),
            set: |filter, value| filter.number = vec![value.to_owned(), value.trim_start_matches('+').to_owned()],
            nothing: Some("+19995550100"),
        };
        Field {
            name: "UserAgent",
            of: |call, _| Some(at_sip_edge(call)?.user_agent.as_ref()?.split(' ').next()?.to_uppercase()),
            set: |filter, value| filter.user_agent = vec![value.to_owned()],
            nothing: Some("nobody"),
        };
        Field {
            name: "SipCallId",
            of: |call, _| at_sip_edge(call)?.sip_call_id.clone(),
            set: |filter, value| filter.sip_call = vec![call_sid(filter.account, value)],
            nothing: Some("nowhere@198.51.100.7"),
        };
        Field {
            name: "HasTag",
            of: |call, _| Some((!call.tags.is_empty()).to_string()),
            set: |filter, value| filter.has_tag = value.parse().ok(),
            nothing: None,
        };
        Field {
            name: "AbnormalSession",
            of: |call, _| call.facts.last_sip_response.map(|code| (code != 200).to_string()),
            set: |filter, value| filter.abnormal_session = value.parse().ok(),
            nothing: None,
        };
        Field {
            name: "AnsweredByAnnotation",
            of: |_, said| said.answered_by.map(|word| word.to_string()),
            set: |filter, value| filter.answered_by_heard = value.parse().into_iter().collect(),
            nothing: Some("unknown_answered_by"),
        };
        Field {
            name: "ConnectivityIssueAnnotation",
            of: |_, said| said.connectivity_issue.map(|word| word.to_string()),
            set: |filter, value| filter.connectivity_issue = value.parse().into_iter().collect(),
            nothing: Some("unknown_connectivity_issue"),
        };
        Field {
            name: "QualityIssueAnnotation",
            of: |_, said| said.quality_issues.as_ref()?.first().map(|word| word.to_string()),
            set: |filter, value| filter.quality_issue = value.parse().into_iter().collect(),
            nothing: Some("unknown_quality_issue"),
        };
        Field {
            name: "SpamAnnotation",
            of: |_, said| said.spam.map(|flag| flag.to_string()),
            set: |filter, value| filter.spam = value.parse().ok(),
            nothing: None,
        };
        Field {
            name: "CallScoreAnnotation",
            of: |_, said| said.call_score.map(|score| score.to_string()),
            set: |filter, value| filter.call_score = value.parse().into_iter().collect(),
            nothing: Some("9"),
        };
    }
}

fn decimal(hundredths: u32) -> String {
    format!("{:.2}", f64::from(hundredths) / 100.0)
}

fn hundredths(decimal: &str) -> Option<u32> {
    Some((decimal.parse::<f64>().ok()? * 100.0).round() as u32)
}

fn at_sip_edge(call: &CallSummary) -> Option<&EdgeFacts> {
    call.edges.get(&EdgeKind::Sip).map(|edge| &edge.facts)
}
