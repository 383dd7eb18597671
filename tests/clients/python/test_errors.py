"""What the library raises: the status and the code are what callers branch on."""

import base64
import http.client
import time
from urllib.parse import urlsplit

import pytest
from conftest import MANIFEST, connect, refused, rest
from twilio.base.exceptions import TwilioException

UNKNOWN = MANIFEST["unknown"]


def listing(action):
    with pytest.raises(TwilioException) as failure:
        action()
    return refused(failure)


@pytest.mark.parametrize("sid", [UNKNOWN, "CA" + "X" * 32, "nonsense"])
def test_unknown_call(voice, sid):
    call = voice.calls(sid)
    assert rest(call.fetch) == (404, 20404)
    assert rest(call.summary().fetch) == (404, 20404)
    assert rest(lambda: call.summary().fetch(processing_state="partial")) == (404, 20404)
    assert rest(call.annotation().fetch) == (404, 20404)
    assert rest(lambda: call.annotation().update(call_score=3)) == (404, 20404)
    assert listing(call.events.list) == (404, 20404)
    assert listing(call.metrics.list) == (404, 20404)


def test_running_call_has_no_complete_summary(voice, manifest):
    call = voice.calls(manifest["running"][0])
    assert rest(call.summary().fetch) == (404, 17001)
    assert rest(lambda: call.summary().fetch(processing_state="complete")) == (404, 17001)


@pytest.mark.parametrize("wrong", [
    {"call_score": 7}, {"call_score": 0}, {"call_score": "good"}, {"answered_by": "robot"},
    {"connectivity_issue": "echo"}, {"quality_issues": "echo,one_way_audio"}, {"spam": "perhaps"},
    {"comment": "x" * 101}, {"incident": "é" * 101}], ids=str)
def test_refused_annotation_changes_nothing(voice, scratch, wrong):
    annotation = voice.calls(scratch[3]).annotation()
    assert rest(lambda: annotation.update(**dict({"comment": "half of a refused update"}, **wrong))) == (400, 20001)
    assert annotation.fetch().comment is None


@pytest.mark.parametrize("wrong", [
    {"start_time": "yesterday"}, {"end_time": "4x"}, {"call_type": "carrier,pigeon"}, {"call_state": "asleep"},
    {"direction": "upwards"}, {"processing_state": "done"}, {"sort_by": "colour"}, {"has_tag": "perhaps"},
    {"page_size": "many"}, {"page_size": -1}, {"page_token": "not-a-token"}], ids=str)
def test_refused_filter(voice, wrong):
    assert listing(lambda: voice.call_summaries.page(**wrong)) == (400, 17400)


def test_refused_edge_and_direction(voice, manifest):
    call = voice.calls(manifest["detailed"]["call_sid"])
    assert listing(lambda: call.events.list(edge="cliff_edge")) == (400, 17400)
    assert listing(lambda: call.metrics.list(edge="cliff_edge")) == (400, 17400)
    assert listing(lambda: call.metrics.list(direction="upwards")) == (400, 17400)


def test_token_belongs_to_its_filters(voice):
    page = voice.call_summaries.page(start_time="3w", page_size=5)
    token = page.next_page_url.split("PageToken=")[1].split("&")[0]
    assert listing(lambda: voice.call_summaries.page(
        start_time="3w", page_size=5, call_type="sip", page_token=token)) == (400, 17400)


@pytest.mark.parametrize("user, password", [
    (MANIFEST["parent"]["account_sid"], "wrong"),
    ("AC" + "0" * 32, MANIFEST["parent"]["auth_token"]),
    (MANIFEST["api_key"]["key_sid"], "wrong")])
def test_wrong_credentials(manifest, user, password):
    voice = connect(user, password, manifest["parent"]["account_sid"]).insights.v1
    call = voice.calls(manifest["newest_first"][0])
    assert rest(call.fetch) == (401, 20003)
    assert rest(call.summary().fetch) == (401, 20003)
    assert rest(lambda: call.annotation().update(call_score=1)) == (401, 20003)
    assert rest(voice.settings().fetch) == (401, 20003)
    assert listing(voice.call_summaries.list) == (401, 20003)


@pytest.mark.parametrize("path, password, status", [
    ("/v1/Voice/nonsense/Annotation", MANIFEST["parent"]["auth_token"], 404),
    ("/v1/Voice/%s/Annotation" % UNKNOWN, "wrong", 401),
    ("/v1/Voice/Summaries", MANIFEST["parent"]["auth_token"], 405)])
def test_refused_body_does_not_cost_the_next_request(manifest, path, password, status):
    """The libraries send head and body apart, and keep connections: hanging up without saying so
    loses a later call."""
    login = base64.b64encode(("%s:%s" % (manifest["parent"]["account_sid"], password)).encode()).decode()
    connection = http.client.HTTPConnection(urlsplit(manifest["url"]).netloc, timeout=10)
    connection.putrequest("POST", path)
    connection.putheader("Authorization", "Basic " + login)
    connection.putheader("Content-Type", "application/x-www-form-urlencoded")
    connection.putheader("Content-Length", "11")
    connection.endheaders()
    time.sleep(0.05)
    connection.send(b"CallScore=1")
    answer = connection.getresponse()
    assert answer.status == status
    answer.read()
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    connection.close()
