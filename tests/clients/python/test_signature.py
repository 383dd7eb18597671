"""What a StatusCallback gets: signed, so that the library's own validator believes it and nothing
else."""

import json
from urllib.parse import urlsplit

import pytest
from conftest import MAJOR
from receiver import Receiver
from twilio.request_validator import RequestValidator

FIELDS = {"AccountSid", "FeedbackSummarySid", "Status", "ResourceUri"}


def sum_up(client, account, callback, method=None):
    """Asks for a summary of some days, and gives its sid. 9.x has no words for it: it sends the
    same form by itself."""
    if MAJOR < 9:
        options = {} if method is None else {"status_callback_method": method}
        summaries = client.api.accounts(account).calls.feedback_summaries
        return summaries.create(start_date="2020-02-29", end_date="2020-03-01", status_callback=callback, **options).sid
    form = {"StartDate": "2020-02-29", "EndDate": "2020-03-01", "StatusCallback": callback}
    if method is not None:
        form["StatusCallbackMethod"] = method
    uri = "%s/2010-04-01/Accounts/%s/Calls/FeedbackSummary.json" % (client.api.base_url, account)
    answer = client.request("POST", uri, data=form)
    assert answer.status_code == 201, answer.text
    return json.loads(answer.text)["sid"]


@pytest.fixture(scope="module")
def receiver():
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def told(client, manifest, receiver):
    """The first request of each kind, by the path of its callback, and the summary that it should
    be about."""
    parent, child = manifest["parent"]["account_sid"], manifest["subaccount"]["account_sid"]
    asked = {}
    for path, query, account, method in (
            ("/post", "", parent, None), ("/posted", "?key=1&name=A%2FB+test", parent, "POST"),
            ("/get", "", parent, "GET"), ("/got", "?key=1&name=A%2FB+test", parent, "GET"), ("/below", "", child, "POST"),
            ("/again", "", parent, "POST"), ("/again/get", "?key=1", parent, "GET")):
        asked[path] = account, sum_up(client, account, receiver.url + path + query, method)
    return {path: (receiver.wait(path)[0],) + about for path, about in asked.items()}


def fields_of(request):
    if request.method == "POST":
        assert request.headers["Content-Type"].split(";")[0] == "application/x-www-form-urlencoded"
        return request.form
    assert request.body == ""
    return request.query


def forged(signature):
    return ("A" if signature[0] != "A" else "B") + signature[1:]


@pytest.mark.parametrize("path, method, added", [
    ("/post", "POST", {}), ("/posted", "POST", {}), ("/get", "GET", {}), ("/got", "GET", {"key": "1", "name": "A/B test"}),
    ("/below", "POST", {}), ("/again", "POST", {}), ("/again/get", "GET", {"key": "1"})])
def test_four_fields(told, path, method, added):
    request, account, sid = told[path]
    assert request.method == method
    assert fields_of(request) == dict(added, AccountSid=account, FeedbackSummarySid=sid, Status="completed", ResourceUri=(
        "/2010-04-01/Accounts/%s/Calls/FeedbackSummary/%s.json" % (account, sid)))


def test_the_resource_is_there(client, told):
    for request, _, sid in told.values():
        answer = client.request("GET", client.api.base_url + fields_of(request)["ResourceUri"])
        assert answer.status_code == 200
        body = json.loads(answer.text)
        assert (body["sid"], body["status"]) == (sid, "completed")


@pytest.mark.parametrize("path", ["/post", "/posted", "/again"])
def test_signed_form(manifest, told, path):
    request, _, _ = told[path]
    genuine = RequestValidator(manifest["parent"]["auth_token"])
    assert genuine.validate(request.url, request.form, request.signature)
    assert not genuine.validate(request.url, request.form, forged(request.signature))
    assert not genuine.validate(request.url, request.form, "")
    for name in FIELDS:
        assert not genuine.validate(request.url, dict(request.form, **{name: request.form[name] + "x"}), request.signature)
        left = {key: value for key, value in request.form.items() if key != name}
        assert not genuine.validate(request.url, left, request.signature)
    assert not genuine.validate(request.url, dict(request.form, More="1"), request.signature)
    refuse_elsewhere(manifest, request, request.form)


@pytest.mark.parametrize("path", ["/get", "/got", "/again/get"])
def test_signed_query(manifest, told, path):
    request, _, _ = told[path]
    genuine = RequestValidator(manifest["parent"]["auth_token"])
    assert genuine.validate(request.url, {}, request.signature)
    assert not genuine.validate(request.url, {}, forged(request.signature))
    assert not genuine.validate(request.url, request.query, request.signature)
    assert not genuine.validate(request.url.replace("completed", "failed"), {}, request.signature)
    refuse_elsewhere(manifest, request, {})


def refuse_elsewhere(manifest, request, params):
    """Of another URL, or signed with another token."""
    genuine = RequestValidator(manifest["parent"]["auth_token"])
    joint = "&" if urlsplit(request.url).query else "?"
    for url in (request.url.replace("http:", "https:"), request.url.replace("127.0.0.1", "127.0.0.2"),
                request.url + joint + "more=1"):
        assert not genuine.validate(url, params, request.signature)
    for token in (manifest["subaccount"]["auth_token"], manifest["api_key"]["secret"], "wrong"):
        assert not RequestValidator(token).validate(request.url, params, request.signature)


def test_below_is_signed_with_its_own_token(manifest, told):
    request, _, _ = told["/below"]
    assert RequestValidator(manifest["subaccount"]["auth_token"]).validate(request.url, request.form, request.signature)
    assert not RequestValidator(manifest["parent"]["auth_token"]).validate(request.url, request.form, request.signature)


@pytest.mark.parametrize("path", ["/again", "/again/get"])
def test_second_attempt(manifest, told, receiver, path):
    first, second = receiver.wait(path, count=2)
    assert (first.method, first.url, first.body) == (second.method, second.url, second.body)
    token = first.headers["I-Twilio-Idempotency-Token"]
    assert token and second.headers["I-Twilio-Idempotency-Token"] == token
    genuine = RequestValidator(manifest["parent"]["auth_token"])
    assert genuine.validate(second.url, second.form, second.signature)


def test_each_delivery_has_its_own_token(told):
    tokens = [request.headers["I-Twilio-Idempotency-Token"] for request, _, _ in told.values()]
    assert len(set(tokens)) == len(told)
