"""One suite for three majors of the official library. Nothing in the library is changed: only the
base URL is set."""

import json
import os
from datetime import datetime, timezone

import pytest
import twilio
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

MAJOR = int(twilio.__version__.split(".")[0])
# What a version does not have cannot be called in it; everything else runs in all of them.
collect_ignore = {
    7: ["test_async.py", "test_feedback_async.py", "test_http_info.py", "test_reports.py"],
    8: ["test_http_info.py", "test_reports.py"],
    9: ["test_feedback.py", "test_feedback_async.py", "test_feedback_summary.py"],
}[MAJOR]

with open(os.environ["SIDETONE_MANIFEST"]) as file:
    MANIFEST = json.load(file)


def connect(username, password, account_sid=None, **options):
    client = Client(username, password, account_sid, **options)
    client.insights.base_url = client.api.base_url = client.events.base_url = MANIFEST["url"]
    return client


def moment(text):
    """The library of 7.x hands out times as the newer ones do: aware, in UTC."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)


def holds(expected, actual, path=""):
    """Every seeded value is there; keys beyond the seeded ones are allowed."""
    if isinstance(expected, dict):
        assert isinstance(actual, dict), "%s is %r" % (path, actual)
        for key, value in expected.items():
            holds(value, actual.get(key), path + "." + key)
    else:
        assert actual == expected, "%s is %r, seeded %r" % (path, actual, expected)


def refused(failure):
    """(status, code) of what a list raises: pages carry the whole response instead of its parts."""
    error = failure.value
    if type(error) is TwilioException:
        response = error.args[1]
        return response.status_code, json.loads(response.text)["code"]
    return error.status, error.code


def rest(action):
    """(status, code) of what a request raises."""
    with pytest.raises(TwilioRestException) as failure:
        action()
    assert failure.value.msg and failure.value.uri
    return refused(failure)


@pytest.fixture(scope="session")
def manifest():
    return MANIFEST


@pytest.fixture(scope="session")
def major():
    return MAJOR


@pytest.fixture(scope="session")
def client():
    parent = MANIFEST["parent"]
    return connect(parent["account_sid"], parent["auth_token"])


@pytest.fixture(scope="session")
def voice(client):
    return client.insights.v1


@pytest.fixture(scope="session")
def scratch():
    """Calls that only this version of the library annotates."""
    return MANIFEST["scratch"]["python%d" % MAJOR]


@pytest.fixture(scope="session")
def below():
    """The client of the account below."""
    child = MANIFEST["subaccount"]
    return connect(child["account_sid"], child["auth_token"])


@pytest.fixture(scope="session")
def mine():
    """Calls that only this version of the library rates and sums up."""
    return MANIFEST["feedback"]["python%d" % MAJOR]
