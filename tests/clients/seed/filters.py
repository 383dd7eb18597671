"""Every filter of Summaries by its wire name, with what it must find among the seeded calls."""

# Wider than every listed call, narrower than the calls that the tests annotate.
WINDOW = "3w"


def cases(calls, notes, account):
    """Rows `{name, params, expect, ordered_by}`; each finds something and leaves something out."""
    rows = []

    def case(params, keep, sort="end_time", exhaustive=False):
        found = sorted((c for c in calls if keep(c, notes.get(c["call_sid"]) or {})), key=lambda c: c[sort], reverse=True)
        name = ",".join("%s=%s" % pair for pair in params.items())
        if not found or (len(found) == len(calls) and not exhaustive):
            raise SystemExit("seed: %s would prove nothing: %d of %d calls match" % (name, len(found), len(calls)))
        rows.append({"name": name, "params": {"StartTime": WINDOW, **params}, "expect": [c["call_sid"] for c in found]})

    def one_of(path, *values):
        return lambda c, note: dig(c, path) in values

    for way, role in (("From", "caller"), ("To", "callee")):
        party = way.lower()
        for wanted in sorted({c[party][role] for c in calls})[:4]:
            case({way: wanted}, one_of((party, role), wanted))
        case({way + "Carrier": "AT&T Wireless"}, one_of((party, "carrier"), "AT&T Wireless"))
        case({way + "CountryCode": "DE"}, one_of((party, "country_code"), "DE"))
    sip = next(c["to"]["callee"] for c in calls if c["call_type"] == "sip")
    case({"To": sip}, one_of(("to", "callee"), sip))
    sdk = next(c["from"]["caller"] for c in calls if c["call_type"] == "client")
    case({"From": sdk}, one_of(("from", "caller"), sdk))

    case({"CallType": "carrier"}, one_of(("call_type",), "carrier"))
    case({"CallType": "sip,trunking"}, one_of(("call_type",), "sip", "trunking"))
    case({"CallState": "completed"}, one_of(("call_state",), "completed"))
    case({"CallState": "busy,noanswer"}, one_of(("call_state",), "busy", "noanswer"))
    case({"CallState": "failed,no-answer"}, one_of(("call_state",), "fail", "noanswer"))
    way = ("properties", "direction")
    case({"Direction": "inbound"}, one_of(way, "inbound"))
    case({"Direction": "outbound_api,outbound_dial"}, one_of(way, "outbound_api", "outbound_dial"))
    case({"Direction": "trunking-originating"}, one_of(way, "trunking_originating"))
    case({"AnsweredBy": "machine_start"}, one_of(("answered_by",), "machine_start"))
    case({"AnsweredBy": "human"}, one_of(("answered_by",), "human"))
    for flag in (True, False):
        case({"HasTag": flag}, lambda c, note: bool(c["tags"]) == flag)
        case({"AbnormalSession": flag}, lambda c, note: (c["properties"]["last_sip_response_num"] != 200) == flag)
        case({"VerifiedCaller": flag}, one_of(("trust", "verified_caller", "verified"), flag))
        case({"Branded": flag}, one_of(("trust", "branded", "enabled"), flag))
        case({"BrandedEnabled": flag}, one_of(("trust", "branded", "enabled"), flag))
        case({"BrandedLogo": flag}, one_of(("trust", "branded", "logo"), flag))
        case({"VoiceIntegrityEnabled": flag}, one_of(("trust", "voice_integrity", "enabled"), flag))
        case({"SpamAnnotation": flag}, lambda c, note: note.get("Spam") == str(flag).lower())
    for name, part, key, value in (
        ("BrandedBundleSid", "branded", "bundle_sid", "BU" + "5c" * 16),
        ("BrandedType", "branded", "type", "in_band"),
        ("BrandedUseCase", "branded", "use_case", "Customer Care"),
        ("BrandedCallReason", "branded", "call_reason", "Card blocked"),
        ("VoiceIntegrityBundleSid", "voice_integrity", "bundle_sid", "BU" + "6d" * 16),
        ("VoiceIntegrityUseCase", "voice_integrity", "use_case", "survey/research"),
        ("BusinessProfileIdentity", "business_profile", "identity", "isv_reseller_or_partner"),
        ("BusinessProfileIndustry", "business_profile", "industry", "retail"),
        ("BusinessProfileBundleSid", "business_profile", "bundle_sid", "BU" + "6d" * 16),
        ("BusinessProfileType", "business_profile", "type", "secondary"),
    ):
        case({name: value}, one_of(("trust", part, key), value))

    case({"AnsweredByAnnotation": "machine"}, lambda c, note: note.get("AnsweredBy") == "machine")
    case({"ConnectivityIssueAnnotation": "dropped_call,caller_id"},
         lambda c, note: note.get("ConnectivityIssue") in ("dropped_call", "caller_id"))
    for issues in (["echo"], ["low_volume", "static_noise"]):
        case({"QualityIssueAnnotation": ",".join(issues)},
             lambda c, note: any(issue in note.get("QualityIssues", "") for issue in issues))
    case({"CallScoreAnnotation": "1,2"}, lambda c, note: note.get("CallScore") in ("1", "2"))
    case({"CallScoreAnnotation": "5"}, lambda c, note: note.get("CallScore") == "5")

    # Times: both ends are inclusive; the seeded calls leave a gap around "2h".
    middle = sorted(c["start_time"] for c in calls)[len(calls) // 2]
    case({"StartTime": middle}, lambda c, note: c["start_time"] >= middle)
    ended = sorted(c["end_time"] for c in calls)[len(calls) // 2]
    case({"EndTime": ended}, lambda c, note: c["end_time"] <= ended)
    case({"StartTime": "2h"}, lambda c, note: c in calls[:14])
    case({"EndTime": "2h"}, lambda c, note: c not in calls[:14])
    case({"StartTime": "120m", "EndTime": "0m"}, lambda c, note: c in calls[:14])
    case({"StartTime": "4d", "EndTime": "4h"}, lambda c, note: c in calls[26:33])

    everything = lambda c, note: True
    case({"ProcessingState": "completed"}, everything, exhaustive=True)
    case({"SortBy": "end_time"}, everything, exhaustive=True)
    case({"SortBy": "start_time"}, everything, sort="start_time", exhaustive=True)
    case({"Subaccount": account}, everything, exhaustive=True)
    # Filters of different names are joined with AND.
    case({"CallState": "completed", "HasTag": True, "CallType": "carrier,client"},
         lambda c, note: c["call_state"] == "completed" and c["tags"] and c["call_type"] in ("carrier", "client"))
    return rows


def dig(record, path):
    for key in path:
        record = (record or {}).get(key)
    return record
