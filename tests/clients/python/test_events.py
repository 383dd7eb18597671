"""Event Streams: sinks, subscriptions, and what can be subscribed."""

import base64
import json
import time
import urllib.request
import uuid
from datetime import datetime, timezone
from urllib.parse import urlencode

import pytest
from conftest import rest
from receiver import Receiver
from twilio.request_validator import RequestValidator

PREFIX = "com.twilio.voice.insights."
UNKNOWN_SINK = "DG" + "0" * 32


@pytest.fixture(scope="module")
def events(client):
    return client.events.v1


@pytest.fixture()
def receiver():
    with Receiver() as receiver:
        yield receiver


@pytest.fixture()
def sink(events, receiver):
    configuration = {"destination": receiver.url + "/events", "method": "POST"}
    made = events.sinks.create(description="python", sink_configuration=configuration, sink_type="webhook")
    yield made
    for subscription in events.subscriptions.list(sink_sid=made.sid):
        subscription.delete()
    events.sinks(made.sid).delete()


def every_type(events):
    """All that can be subscribed, as `Types` wants it."""
    return [{"type": each.type, "schema_version": version(events, each)} for each in events.event_types.list()]


def of_calls(types):
    return [each for each in types if each["type"].startswith(PREFIX)]


def version(events, event_type):
    return events.schemas(event_type.schema_id).fetch().latest_version


def test_sink(events, sink, receiver, manifest):
    assert (sink.sid[:2], sink.sink_type, sink.status, sink.description) == ("DG", "webhook", "active", "python")
    assert sink.sink_configuration == {"destination": receiver.url + "/events", "method": "POST"}
    assert sink.url == "%s/v1/Sinks/%s" % (manifest["url"], sink.sid)
    assert sink.links == {"sink_test": sink.url + "/Test", "sink_validate": sink.url + "/Validate"}
    assert isinstance(sink.date_created, datetime) and sink.date_updated == sink.date_created
    assert sink.sid in [each.sid for each in events.sinks.list(page_size=1)]
    assert sink.sid in [each.sid for each in events.sinks.list(in_use=False, status="active")]
    assert sink.sid not in [each.sid for each in events.sinks.list(in_use=True)]
    changed = events.sinks(sink.sid).update(description="night shift")
    assert (changed.sid, changed.description) == (sink.sid, "night shift")
    assert sink.fetch().description == "night shift"


def test_test_event(events, sink, receiver, manifest):
    parent = manifest["parent"]
    assert events.sinks(sink.sid).sink_test.create().result == "submitted"
    (request,) = receiver.wait("/events")
    validator = RequestValidator(parent["auth_token"])
    assert validator.validate(request.url, request.body, request.signature)
    (event,) = json.loads(request.body)
    assert (event["type"], event["id"]) == ("com.twilio.eventstreams.test-event", parent["account_sid"])
    validate = events.sinks(sink.sid).sink_validate
    assert rest(lambda: validate.create(test_id="another")) == (400, 20001)
    assert validate.create(test_id=event["data"]["test_id"]).result == "valid"
    assert events.sinks(sink.sid).fetch().status == "active"


def test_subscription(events, sink, manifest):
    types = every_type(events)
    assert len(types) == 9
    made = events.subscriptions.create(description="python", sink_sid=sink.sid, types=types)
    assert (made.sid[:2], made.sink_sid, made.account_sid) == ("DF", sink.sid, manifest["parent"]["account_sid"])
    assert made.url == "%s/v1/Subscriptions/%s" % (manifest["url"], made.sid)
    assert made.links == {"subscribed_events": made.url + "/SubscribedEvents"}
    assert isinstance(made.date_created, datetime)
    assert rest(lambda: events.subscriptions.create(description="twice", sink_sid=sink.sid, types=types)) == (400, 20001)
    assert rest(lambda: events.sinks(sink.sid).delete()) == (400, 20001)
    assert [each.sid for each in events.subscriptions.list(sink_sid=sink.sid)] == [made.sid]
    assert made.sid in [each.sid for each in events.subscriptions.list(page_size=1)]
    assert events.subscriptions(made.sid).update(description="all").description == "all"
    assert made.fetch().description == "all"

    subscribed = events.subscriptions(made.sid).subscribed_events
    assert [{"type": each.type, "schema_version": each.schema_version} for each in subscribed.list(page_size=2)] == types
    one = PREFIX + "call-event.sdk"
    assert subscribed(one).fetch().schema_version == 3
    assert subscribed(one).update(schema_version=1).schema_version == 1
    for each in subscribed.stream(page_size=2):  # unsubscribes while it reads on
        assert each.delete()
    assert subscribed.list() == []
    assert rest(subscribed(one).fetch) == (404, 20404)
    added = subscribed.create(type=one, schema_version=2)
    assert (added.type, added.schema_version, added.subscription_sid) == (one, 2, made.sid)
    assert subscribed.create(type=PREFIX + "call-summary.complete").schema_version == 7
    assert made.delete()
    assert rest(events.subscriptions(made.sid).fetch) == (404, 20404)
    assert events.sinks(sink.sid).fetch().status == "active"


@pytest.fixture()
def ask(manifest):
    """A request of our own, that the library does not make."""
    parent = manifest["parent"]
    login = base64.b64encode(("%s:%s" % (parent["account_sid"], parent["auth_token"])).encode()).decode()

    def ask(method, path, body="", kind="application/json"):
        headers = {"Authorization": "Basic " + login, "Content-Type": kind}
        request = urllib.request.Request(manifest["url"] + path, body.encode() or None, headers, method=method)
        urllib.request.urlopen(request).read()

    return ask


@pytest.fixture()
def call(ask):
    """One that no other test meets."""
    sid = "CA" + uuid.uuid4().hex
    yield sid
    ask("DELETE", "/v1/Voice/%s/Summary" % sid)


def test_a_call_is_streamed(client, events, sink, receiver, manifest, ask, call):
    """Every type of calls, of one that is told by callback and by an SDK; again when it is annotated."""
    parent = manifest["parent"]
    events.subscriptions.create(description="python", sink_sid=sink.sid, types=of_calls(every_type(events)))
    begun = datetime.now(timezone.utc)

    def step(status):
        form = {"CallSid": call, "CallStatus": status, "From": "+12025550143", "To": "+12025550176"}
        ask("POST", "/ingest/v1/status-callback", urlencode(form), "application/x-www-form-urlencoded")

    step("initiated")
    step("answered")
    at = begun.isoformat()
    interval = {"packets_received": 490, "packets_lost": 10}
    told = [{"id": "muted", "call_sid": call, "at": at, "kind": "edge", "edge": "sdk_edge", "group": "audio", "name": "muted"}]
    for edge in ("sdk_edge", "carrier_edge"):
        told.append({"id": edge, "call_sid": call, "at": at, "kind": "media", "edge": edge, "direction": "inbound", "interval": interval})
    ask("POST", "/ingest/v1/events", json.dumps(told))
    step("completed")

    def seen():
        validator, found = RequestValidator(parent["auth_token"]), []
        for request in receiver.of("/events"):
            assert validator.validate(request.url, request.body, request.signature)
            found += [event for event in json.loads(request.body) if event["data"]["call_sid"] == call]
        return found

    def until(holds):
        end = time.monotonic() + 60
        while not holds(seen()):
            assert time.monotonic() < end, [event["type"] for event in seen()]
            time.sleep(0.1)
        return seen()

    def types(found):
        return [event["type"][len(PREFIX) :] for event in found]

    found = until(lambda found: "call-summary.complete" in types(found))
    assert set(types(found)) == {each["type"][len(PREFIX) :] for each in of_calls(every_type(events))}
    assert types(found).index("call-summary.predicted-complete") < types(found).index("call-summary.complete")
    assert len({event["id"] for event in found}) == len(found)
    client.insights.v1.calls(call).annotation().update(call_score=2, comment="choppy")
    last = until(lambda found: (found[-1]["data"].get("annotation") or {}).get("call_score") == 2)[-1]
    assert (last["type"], last["data"]["annotation"]["comment"]) == (PREFIX + "call-summary.complete", "choppy")


def test_what_can_be_subscribed(events, manifest):
    one = events.event_types(PREFIX + "call-summary.complete").fetch()
    assert (one.schema_id, one.url) == ("VoiceInsights.CallSummary", "%s/v1/Types/%s" % (manifest["url"], one.type))
    assert one.links["schema"] == "%s/v1/Schemas/%s/Versions" % (manifest["url"], one.schema_id)
    of_metrics = events.event_types.list(schema_id="VoiceInsights.CallMetric")
    assert [each.type for each in of_metrics] == [PREFIX + "call-metrics.gateway", PREFIX + "call-metrics.sdk"]
    versions = events.schemas(one.schema_id).versions.list(page_size=3)
    assert [each.schema_version for each in versions] == [1, 2, 3, 4, 5, 6, 7]
    last = events.schemas(one.schema_id).versions(7).fetch()
    assert (last.id, last.raw) == (one.schema_id, last.url + "/Raw")
    assert isinstance(last.date_created, datetime)


def test_refusals(events, sink):
    kinesis = {"arn": "arn:aws:kinesis:us-east-1:1:stream/a", "role_arn": "arn:aws:iam::1:role/a", "external_id": "1"}
    get = {"destination": "https://example.com/", "method": "GET"}
    for kind, configuration in (("kinesis", kinesis), ("webhook", get)):
        assert rest(lambda: events.sinks.create(description="x", sink_configuration=configuration, sink_type=kind)) == (400, 20001)
    conference = [{"type": PREFIX + "conference-summary.complete"}]
    assert rest(lambda: events.subscriptions.create(description="x", sink_sid=sink.sid, types=conference)) == (400, 20001)
    assert rest(events.sinks(UNKNOWN_SINK).fetch) == (404, 20404)
    assert rest(events.schemas("VoiceInsights.Nothing").fetch) == (404, 20404)
    assert rest(events.event_types("nothing").fetch) == (404, 20404)


def test_nothing_of_it_exists_below(sink, below):
    assert rest(below.events.v1.sinks(sink.sid).fetch) == (404, 20404)
    assert sink.sid not in [each.sid for each in below.events.v1.sinks.list()]
