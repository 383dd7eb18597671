"""Tokens that the official helper makes, at the doors of voice SDKs."""

import json
import urllib.error
import urllib.request
from datetime import datetime, timezone

import pytest
from conftest import MAJOR, MANIFEST
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

TEMPORARY = "TJS1271fe49-3dc5-4566-bc20-c472c79e"


def token(identity, secret=None, **options):
    # For the subaccount: other suites count the calls of the parent meanwhile.
    account, key = MANIFEST["subaccount"]["account_sid"], MANIFEST["api_key"]
    made = AccessToken(account, key["key_sid"], secret or key["secret"], identity=identity, **options)
    made.add_grant(VoiceGrant(outgoing_application_sid="AP" + "0" * 32, incoming_allow=True))
    made = made.to_jwt()
    return made.decode() if isinstance(made, bytes) else made


def publish(path, token, body):
    """Status and answer."""
    body = dict(body, level="INFO", publisher="twilio-js-sdk", timestamp=datetime.now(timezone.utc).isoformat())
    headers = {"Content-Type": "application/json", "X-Twilio-Token": token}
    request = urllib.request.Request(MANIFEST["url"] + path, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)


def event(name, **names):
    return {"group": "connection", "name": name, "payload": dict(names, direction="OUTGOING")}


def test_a_call_of_its_own(client, worker_sid):
    alice = token("alice")
    temporary, sid = TEMPORARY + worker_sid[-4:], worker_sid
    status, kept = publish("/v4/EndpointEvents", alice, event("outgoing", temp_call_sid=temporary))
    assert (status, kept["accepted"]) == (200, 2)
    both = event("outgoing-ringing", temp_call_sid=temporary, call_sid=sid)
    assert publish("/v4/EndpointEvents", alice, both)[0] == 200
    sample = {"call_sid": sid, "timestamp": "2026-06-01T10:00:00Z", "total_packets_received": 50}
    samples = {"group": "quality-metrics-samples", "name": "metrics-sample", "payload": [sample]}
    assert publish("/v4/EndpointMetrics", token("alice"), samples)[0] == 200
    status, refusal = publish("/v4/EndpointMetrics", token("bob"), samples)
    assert (status, refusal["code"]) == (403, 20403)
    names = {item.name for item in client.insights.v1.calls(sid).events.list()}
    assert {"outgoing", "outgoing-ringing"} <= names


@pytest.mark.parametrize("options", [{"secret": "of another key"}, {"ttl": -100}])
def test_not_valid(options):
    status, refusal = publish("/v4/EndpointEvents", token("alice", **options), event("outgoing", temp_call_sid="TJS0"))
    assert (status, refusal["code"]) == (401, 20003)


@pytest.fixture
def worker_sid():
    """Of this major: the suites share a server."""
    return "CA%s%04d" % ("5d" * 14, MAJOR)
