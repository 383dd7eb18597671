"""Reports (Insights v2): every figure against calls that are written here."""

import base64
import json
import time
import urllib.request
from datetime import datetime, timedelta, timezone

import pytest
from conftest import connect, rest
from twilio.base.exceptions import TwilioException
from twilio.rest.insights.v2.inbound_report import InboundReportList
from twilio.rest.insights.v2.report import ReportList

AccountRequest = ReportList.InsightsV2CreateAccountReportRequest
InboundRequest = InboundReportList.InsightsV2CreatePhoneNumbersReportRequest
# Made with a dictionary, the library's own class of outbound reports (9.13) fails: it names the one of
# inbound reports, which its module does not import. That one says the same.
OutboundRequest = InboundRequest
# No other suite has calls of that time, and each run of this one has an hour of its own.
BEGIN = (datetime.now(timezone.utc) - timedelta(days=100)).replace(minute=0, second=0, microsecond=0)
HOME, OTHER, CALLER = "+15550100001", "+15550100002", "+49300999"


def stamp(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


HOUR = {"start_datetime": stamp(BEGIN), "end_datetime": stamp(BEGIN + timedelta(hours=1))}


def party(address, country=None, carrier=None, connection=None):
    said = {"address": address, "country_code": country, "carrier": carrier, "connection": connection}
    return {name: value for name, value in said.items() if value}


def measured(*tags, **facts):
    return dict(facts, inbound={"packets_received": 500}, tags=list(tags))


def trust(attestation, use_case, bundle):
    return {"attestation": attestation, "branded_enabled": use_case is not None, "branded_use_case": use_case,
            "voice_integrity_enabled": bundle is not None, "voice_integrity_bundle_sid": bundle}


def outgoing(state, caller, callee, **more):
    return dict({"state": state, "direction": "outbound_api", "call_type": "carrier", "from": party(caller, "US"),
                 "to": callee}, **more)


def incoming(state, kind, callee, **more):
    return dict({"state": state, "direction": "inbound", "call_type": kind, "from": party(CALLER, "DE"), "to": callee}, **more)


ASHBURN = {"edge_location": "ashburn", "media_region": "us1"}
CALLS = [
    outgoing("completed", HOME, party("+49300111", "DE", "Telekom", "mobile"), connect_duration_s=75, answered_by="human",
             queue_time_ms=100, trust=trust("A", "Sales", "BU1"), edges={"carrier_edge": measured(**ASHBURN)}),
    outgoing("completed", HOME, party("+49300112", "DE", "Telekom", "landline"), connect_duration_s=5,
             answered_by="machine_start", queue_time_ms=300, trust=trust("A", "Sales", "BU1"),
             edges={"carrier_edge": measured("high_packet_loss", **ASHBURN)}),
    outgoing("busy", HOME, party("+49300113", "DE", "Vodafone", "mobile"), direction="outbound_dial", last_sip_response=486,
             trust=trust("B", "Care", None)),
    outgoing("fail", OTHER, party("+31200111", "NL", "KPN", "voip"), last_sip_response=608, trust=trust("C", None, "BU2")),
    outgoing("fail", OTHER, party("+31200112", "NL", "KPN"), last_sip_response=404),
    outgoing("noanswer", HOME, party("+49300111", "DE", "Telekom", "mobile")),
    incoming("completed", "carrier", party(HOME, "US"), connect_duration_s=20, edges={"carrier_edge": measured("silence")}),
    incoming("canceled", "sip", party("sip:desk@pbx.example.com")),
    incoming("completed", "trunking", party(HOME, "US"), direction="trunking_terminating", connect_duration_s=100,
             edges={"sip_edge": measured(edge_location="dublin", media_region="ie1")}),
    incoming("completed", "client", party(HOME, "US"), connect_duration_s=60, **{"from": party("client:alice")},
             edges={"client_edge": measured(), "sdk_edge": measured("high_latency", "high_jitter")}),
    outgoing("fail", "client:alice", party("+49300777", "DE"), direction="outbound_dial", call_type="client",
             **{"from": party("client:alice")}, edges={"sdk_edge": {"tags": ["ice_failure"]}}),
]

# What follows from them, by hand.
ACCOUNT = {
    # 5 answered, and 3 busy, not answered or canceled; 3 failed.
    "call_deliverability_score": 72.73,
    "call_answer_score": 62.5,
    "total_calls": 11,
    "call_direction": {"outbound": 7, "inbound": 4},
    "call_state": {"completed": 5, "fail": 3, "busy": 1, "noanswer": 1, "canceled": 1},
    "call_type": {"carrier": 7, "sip": 1, "trunking": 1, "client": 2, "whatsapp": 0},
    "aloc": 52.0,
    "twilio_edge_location": {"ashburn": 2, "dublin": 1},
    "caller_country_code": {"US": 6, "DE": 3},
    "callee_country_code": {"DE": 5, "US": 3, "NL": 2},
    "average_queue_time_ms": 200.0,
    # One of five that were measured.
    "silent_calls_percentage": 20.0,
    "network_issues": {
        "sdk": {"ice_failures_percentage": 50.0, "high_latency_percentage": 100.0, "high_packet_loss_percentage": 0.0,
                "high_jitter_percentage": 100.0},
        "twilio_gateway": {"high_latency_percentage": 0.0, "high_packet_loss_percentage": 20.0, "high_jitter_percentage": 0.0},
    },
    "KYT": {"outbound_carrier_calling": {
        "unique_calling_numbers": 2,
        "unique_called_numbers": 5,
        "blocked_calls_by_carrier": [
            {"country": "DE", "carriers": [
                {"carrier": "Telekom", "total_calls": 3, "blocked_calls": 0, "blocked_calls_percentage": 0.0},
                {"carrier": "Vodafone", "total_calls": 1, "blocked_calls": 0, "blocked_calls_percentage": 0.0}]},
            {"country": "NL", "carriers": [
                {"carrier": "KPN", "total_calls": 2, "blocked_calls": 1, "blocked_calls_percentage": 50.0}]},
        ],
        "short_duration_calls_percentage": 50.0,
        "long_duration_calls_percentage": 50.0,
        "potential_robocalls_percentage": 16.67,
        "branded_calling": {
            "total_branded_calls": 3, "percent_branded_calls": 50.0, "answer_rate": 66.67, "human_answer_rate": 50.0,
            "engagement_rate": 50.0,
            "by_use_case": [
                {"use_case": "Sales", "enabled_phonenumbers": 1, "total_calls": 2, "answer_rate": 100.0,
                 "human_answer_rate": 50.0, "engagement_rate": 50.0},
                {"use_case": "Care", "enabled_phonenumbers": 1, "total_calls": 1, "answer_rate": 0.0,
                 "human_answer_rate": None, "engagement_rate": None}],
        },
        "voice_integrity": {
            "enabled_calls": 3, "enabled_percentage": 50.0,
            "calls_per_bundle": [
                {"bundle_sid": "BU1", "enabled_phonenumbers": 1, "total_calls": 2, "answer_rate": 100.0,
                 "human_answer_rate": 50.0},
                {"bundle_sid": "BU2", "enabled_phonenumbers": 1, "total_calls": 1, "answer_rate": 0.0,
                 "human_answer_rate": None}],
        },
        "stir_shaken": {
            "call_count": {"stsh_a": 2, "stsh_b": 1, "stsh_c": 1},
            "percentage": {"stsh_a": 50.0, "stsh_b": 25.0, "stsh_c": 25.0},
            "answer_rate": {"stsh_a": 100.0, "stsh_b": 0.0, "stsh_c": 0.0},
        },
    }},
    "answering_machine_detection": {"total_calls": 2, "answered_by_human_percentage": 50.0,
                                    "answered_by_machine_percentage": 50.0},
}
NO_STATE = {"completed": 0.0, "fail": 0.0, "busy": 0.0, "noanswer": 0.0, "canceled": 0.0}
INBOUND = [
    {"handle": HOME, "total_calls": 3, "call_answer_score": 100.0, "call_state_percentage": dict(NO_STATE, completed=100.0),
     "silent_calls_percentage": 33.33},
    {"handle": "sip:desk@pbx.example.com", "total_calls": 1, "call_answer_score": 0.0,
     "call_state_percentage": dict(NO_STATE, canceled=100.0), "silent_calls_percentage": None},
]
UNMEASURED = {"silent_calls_percentage": None, "short_duration_calls_percentage": None, "long_duration_calls_percentage": None,
              "answering_machine_detection": {"total_calls": 0, "answered_by_human_percentage": None,
                                              "answered_by_machine_percentage": None}}
OUTBOUND = [
    {"handle": HOME, "total_calls": 4, "call_answer_score": 50.0,
     "calls_by_device_type": {"voip": 0, "mobile": 3, "landline": 1, "unknown": 0},
     "answer_rate_device_type": {"voip": None, "mobile": 33.33, "landline": 100.0, "unknown": None},
     "call_state_percentage": dict(NO_STATE, completed=50.0, busy=25.0, noanswer=25.0),
     "blocked_calls_by_carrier": ACCOUNT["KYT"]["outbound_carrier_calling"]["blocked_calls_by_carrier"][:1],
     "silent_calls_percentage": 0.0, "short_duration_calls_percentage": 50.0, "long_duration_calls_percentage": 50.0,
     "potential_robocalls_percentage": 0.0, "answering_machine_detection": ACCOUNT["answering_machine_detection"]},
    dict(UNMEASURED, handle=OTHER, total_calls=2, call_answer_score=None,
         calls_by_device_type={"voip": 1, "mobile": 0, "landline": 0, "unknown": 1},
         answer_rate_device_type={"voip": 0.0, "mobile": None, "landline": None, "unknown": 0.0},
         call_state_percentage=dict(NO_STATE, fail=100.0),
         blocked_calls_by_carrier=ACCOUNT["KYT"]["outbound_carrier_calling"]["blocked_calls_by_carrier"][1:],
         potential_robocalls_percentage=50.0),
    # Nobody says what became of that call: whether it was blocked is not known.
    dict(UNMEASURED, handle="client:alice", total_calls=1, call_answer_score=None,
         calls_by_device_type={"voip": 0, "mobile": 0, "landline": 0, "unknown": 1},
         answer_rate_device_type={"voip": None, "mobile": None, "landline": None, "unknown": 0.0},
         call_state_percentage=dict(NO_STATE, fail=100.0),
         blocked_calls_by_carrier=[{"country": "DE", "carriers": [
             {"carrier": None, "total_calls": 1, "blocked_calls": None, "blocked_calls_percentage": None}]}],
         potential_robocalls_percentage=None),
]


@pytest.fixture(scope="module")
def reports(client, manifest):
    """The calls, five minutes apart, through the door of events."""
    events = []
    for nth, facts in enumerate(CALLS):
        start = BEGIN + timedelta(minutes=5 * nth)
        facts = dict(facts, started_at=stamp(start), ended_at=stamp(start + timedelta(seconds=100)))
        events.append({"call_sid": "CA%032x" % (0x2e90 + nth), "at": facts["ended_at"], "kind": "facts", "facts": facts})
    parent = manifest["parent"]
    login = base64.b64encode(("%s:%s" % (parent["account_sid"], parent["auth_token"])).encode()).decode()
    request = urllib.request.Request(manifest["url"] + "/ingest/v1/events?Settle=true", data=json.dumps(events).encode(),
                                     headers={"Authorization": "Basic " + login, "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert json.load(answer)["accepted"] == len(CALLS)
    end = time.monotonic() + 15
    while fetched(client.insights.v2, AccountRequest({"time_range": HOUR}))["total_calls"] < len(CALLS):
        assert time.monotonic() < end, "the calls did not settle"
        time.sleep(0.2)
    return client.insights.v2


def fetched(reports, request):
    return reports.reports(finished(reports.reports.create(request))).fetch().report


def finished(created):
    assert created.report_id.startswith("voiceinsights_report_") and len(created.report_id) == 47
    assert created.status in (created.ReportStatus.CREATED, created.ReportStatus.RUNNING, created.ReportStatus.COMPLETED)
    return created.report_id


def said(row, expected):
    return {name: getattr(row, name) for name in expected}


def test_account(reports, manifest):
    created = reports.reports.create(AccountRequest({"time_range": HOUR}))
    meta = dict(HOUR, filters=[])
    for got in (created, reports.reports(created.report_id).fetch()):
        assert (got.account_sid, got.status) == (manifest["parent"]["account_sid"], "completed")
        assert got.report_id == created.report_id
        assert got.url == "%s/v2/Voice/Reports/%s" % (manifest["url"], created.report_id)
        assert got.request_meta == meta
    assert created.report is None
    assert got.report == ACCOUNT


def test_inbound_numbers(reports, manifest):
    created = reports.inbound_reports.create(InboundRequest({"time_range": HOUR}))
    assert created.url == "%s/v2/Voice/Reports/PhoneNumbers/Inbound/%s" % (manifest["url"], created.report_id)
    assert created.account_sid == manifest["parent"]["account_sid"]
    assert created.request_meta == dict(HOUR, filters=[])
    rows = reports.inbound(finished(created)).list()
    assert [said(row, expected) for row, expected in zip(rows, INBOUND)] == INBOUND
    assert len(rows) == len(INBOUND)


def test_outbound_numbers(reports):
    created = reports.outbound_reports.create(OutboundRequest({"time_range": HOUR, "filters": None}))
    rows = reports.outbound(finished(created)).list()
    assert [said(row, expected) for row, expected in zip(rows, OUTBOUND)] == OUTBOUND
    assert len(rows) == len(OUTBOUND)


def test_pages_and_size(reports):
    handles = [row["handle"] for row in OUTBOUND]
    numbers = reports.outbound(finished(reports.outbound_reports.create(OutboundRequest({"time_range": HOUR}))))
    assert [row.handle for row in numbers.list(page_size=1)] == handles
    assert [row.handle for row in numbers.stream(limit=2, page_size=2)] == handles[:2]
    page = numbers.page(page_size=2)
    assert [row.handle for row in page] == handles[:2]
    assert [row.handle for row in page.next_page()] == handles[2:]
    top = reports.outbound_reports.create(OutboundRequest({"time_range": HOUR, "size": 1}))
    assert [row.handle for row in reports.outbound(finished(top)).list()] == handles[:1]


@pytest.mark.parametrize("key, values, count", [
    ("call_state", ["completed"], 5), ("call_direction", ["inbound"], 4), ("call_type", ["sip", "client"], 3),
    ("twilio_regions", ["us1"], 2), ("caller_country_code", ["DE"], 3), ("callee_country_code", ["NL", "US"], 5),
    ("silent", ["true"], 1), ("silent", ["false"], 10)])
def test_filters(reports, key, values, count):
    wanted = {"key": key, "values": values}
    created = reports.reports.create(AccountRequest({"time_range": HOUR, "filters": [wanted]}))
    got = reports.reports(created.report_id).fetch()
    assert got.report["total_calls"] == count
    assert got.request_meta["filters"] == [wanted]


@pytest.mark.parametrize("wrong", [
    {"filters": [{"key": "colour", "values": ["red"]}]}, {"filters": [{"key": "call_state", "values": ["asleep"]}]},
    {"filters": [{"key": "call_state", "values": []}]}, {"filters": [{"key": "call_state"}]},
    {"time_range": {"start_datetime": "yesterday"}},
    {"time_range": {"start_datetime": HOUR["end_datetime"], "end_datetime": HOUR["start_datetime"]}}], ids=str)
def test_refused(reports, wrong):
    assert rest(lambda: reports.reports.create(AccountRequest(wrong))) == (400, 20001)
    assert rest(lambda: reports.inbound_reports.create(InboundRequest(wrong))) == (400, 20001)
    for size in (0, 6001):
        assert rest(lambda: reports.outbound_reports.create(OutboundRequest({"size": size}))) == (400, 20001)


def test_other_accounts(reports, below, manifest):
    created = reports.reports.create(AccountRequest({"time_range": HOUR}))
    assert rest(below.insights.v2.reports(created.report_id).fetch) == (404, 20404)
    theirs = below.insights.v2.reports.create(AccountRequest({"time_range": HOUR}))
    assert theirs.account_sid == manifest["subaccount"]["account_sid"]
    assert reports.reports(theirs.report_id).fetch().report["total_calls"] == 0
    assert rest(reports.reports("voiceinsights_report_" + 26 * "0").fetch) == (404, 20404)
    with pytest.raises(TwilioException):
        reports.inbound(created.report_id).list()
    stranger = connect(manifest["parent"]["account_sid"], "wrong").insights.v2
    assert rest(lambda: stranger.reports.create(AccountRequest({}))) == (401, 20003)
