"""One call: link resource, summary, events, metrics."""

from datetime import datetime

import pytest
from conftest import MANIFEST, holds, moment


def test_link_resource(voice, manifest):
    sid = manifest["newest_first"][0]
    call = voice.calls(sid).fetch()
    here = "%s/v1/Voice/%s" % (manifest["url"], sid)
    assert (call.sid, call.url) == (sid, here)
    assert call.links == {name: "%s/%s" % (here, name.title()) for name in ("events", "metrics", "summary", "annotation")}


def check_summary(got, seeded):
    for field in ("account_sid", "call_sid", "call_type", "call_state", "answered_by", "processing_state",
                  "duration", "connect_duration", "attributes", "tags"):
        assert getattr(got, field) == seeded[field] or not (getattr(got, field) or seeded[field]), field
    for field in ("created_time", "start_time", "end_time"):
        value = getattr(got, field)
        assert isinstance(value, datetime), "%s came as %r: not whole seconds?" % (field, value)
        assert value == moment(seeded[field]), field
    # Newer versions cannot call an attribute `from` and put an underscore before it, 7.x one behind
    # it.
    holds(seeded["from"], got.from_ if hasattr(got, "from_") else got._from, "from")
    for field in ("to", "properties", "trust"):
        holds(seeded[field], getattr(got, field), field)
    for field in ("carrier_edge", "sip_edge", "client_edge", "sdk_edge"):
        if seeded[field] is None:
            assert getattr(got, field) is None, field
        else:
            holds(seeded[field], getattr(got, field), field)


@pytest.mark.parametrize("sid", MANIFEST["newest_first"][:8])
def test_summary_comes_back_as_it_was_sent(voice, manifest, sid):
    got = voice.calls(sid).summary().fetch()
    check_summary(got, manifest["calls"][sid])
    assert got.url == "%s/v1/Voice/%s/Summary" % (manifest["url"], sid)


def test_summary_of_a_list_is_the_same_record(voice, manifest):
    got = {c.call_sid: c for c in voice.call_summaries.list(start_time="3w")}
    for sid, seeded in manifest["calls"].items():
        check_summary(got[sid], seeded)
        assert got[sid].url == manifest["url"] + "/v1/Voice/Summaries"


@pytest.mark.parametrize("state", ["complete", "partial"])
def test_complete_summary_in_either_state(voice, manifest, state):
    got = voice.calls(manifest["newest_first"][0]).summary().fetch(processing_state=state)
    assert got.processing_state == "complete"


@pytest.mark.parametrize("sid", MANIFEST["running"])
def test_running_call_has_a_partial_summary(voice, sid):
    got = voice.calls(sid).summary().fetch(processing_state="partial")
    assert (got.call_sid, got.processing_state, got.call_state) == (sid, "partial", "answered")
    assert isinstance(got.start_time, datetime) and got.end_time is None
    assert got.properties["direction"] == "outbound_api"


def items(found):
    edges = ("carrier_edge", "sip_edge", "client_edge", "sdk_edge")
    fields = ("timestamp", "call_sid", "account_sid", "edge", "group", "name", "level", "direction") + edges
    return [{field: getattr(item, field) for field in fields if hasattr(item, field)} for item in found]


def test_events(voice, manifest):
    seeded = manifest["detailed"]["events"]
    events = voice.calls(manifest["detailed"]["call_sid"]).events
    whole = items(events.list())
    assert [e["timestamp"] for e in whole] == [e["timestamp"] for e in seeded]
    for got, sent in zip(whole, seeded):
        holds(sent, got, sent["name"])
    assert items(events.list(page_size=3)) == whole
    assert items(events.stream(page_size=1)) == whole
    assert items(events.list(limit=4, page_size=3)) == whole[:4]
    assert len(list(events.page(page_size=4))) == 4


@pytest.mark.parametrize("edge", ["sdk_edge", "client_edge", "carrier_edge", "sip_edge", "unknown_edge"])
def test_events_of_one_edge(voice, manifest, edge):
    events = voice.calls(manifest["detailed"]["call_sid"]).events
    expected = [e["timestamp"] for e in manifest["detailed"]["events"] if e["edge"] == edge]
    assert [e.timestamp for e in events.list(edge=edge, page_size=2)] == expected


def test_metrics(voice, manifest):
    seeded = manifest["detailed"]["metrics"]
    metrics = voice.calls(manifest["detailed"]["call_sid"]).metrics
    whole = items(metrics.list())
    assert [m["timestamp"] for m in whole] == [m["timestamp"] for m in seeded]
    for got, sent in zip(whole, seeded):
        holds(sent, got, sent["timestamp"])
    assert items(metrics.stream(page_size=5)) == whole
    assert len(list(metrics.page(page_size=5))) == 5


@pytest.mark.parametrize("edge", [None, "sdk_edge", "client_edge", "carrier_edge", "sip_edge"])
@pytest.mark.parametrize("direction", [None, "both", "inbound", "outbound", "unknown"])
def test_metrics_filters(voice, manifest, edge, direction):
    chosen = {name: value for name, value in (("edge", edge), ("direction", direction)) if value}
    expected = [m["timestamp"] for m in manifest["detailed"]["metrics"]
                if all(m[name] == value for name, value in chosen.items())]
    found = voice.calls(manifest["detailed"]["call_sid"]).metrics.list(page_size=3, **chosen)
    assert [m.timestamp for m in found] == expected


def test_call_without_events_and_metrics_has_empty_lists(voice, scratch):
    assert voice.calls(scratch[3]).events.list() == []
    assert voice.calls(scratch[3]).metrics.list() == []
