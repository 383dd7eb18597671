"""Call Feedback: what a person said about one call. 7.x has a verb to create it, 8.x creates by an
update."""

from datetime import datetime, timedelta, timezone

import pytest
from conftest import MAJOR, MANIFEST, connect, rest
from twilio.base import values
from twilio.rest.api.v2010.account.call.feedback import FeedbackInstance

ISSUES = ["imperfect-audio", "dropped-call", "incorrect-caller-id", "post-dial-delay", "digits-not-captured",
          "audio-latency", "unsolicited-call", "one-way-audio"]


def create(feedback, **params):
    return getattr(feedback, "create", feedback.update)(**params)


def status(client):
    """Of the answer before; the libraries keep it, and only there can 201 be told from 200."""
    http = client.http_client
    return (http.last_response if MAJOR == 7 else http._test_only_last_response).status_code


def said(got):
    return got.quality_score, got.issues


def test_create_fetch_update(client, manifest, mine):
    sid = mine["rated"][0]
    feedback = client.calls(sid).feedback()
    before = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(seconds=1)
    got = create(feedback, quality_score=2, issue=["one-way-audio", "dropped-call", "one-way-audio"])
    assert status(client) == 201
    assert said(got) == (2, ["one-way-audio", "dropped-call"])
    assert (got.sid, got.account_sid) == (sid, manifest["parent"]["account_sid"])
    assert before <= got.date_created == got.date_updated <= datetime.now(timezone.utc)
    created = got.date_created

    def follows(got, score, issues):
        assert status(client) == 200
        assert said(got) == (score, issues)
        assert (got.sid, got.date_created) == (sid, created)
        assert created <= got.date_updated <= datetime.now(timezone.utc)

    follows(feedback.fetch(), 2, ["one-way-audio", "dropped-call"])
    follows(got.fetch(), 2, ["one-way-audio", "dropped-call"])
    follows(feedback.update(quality_score=4), 4, ["one-way-audio", "dropped-call"])
    follows(feedback.update(issue=[FeedbackInstance.Issues.AUDIO_LATENCY]), 4, ["audio-latency"])
    follows(feedback.update(), 4, ["audio-latency"])
    follows(feedback.update(issue=[""]), 4, [])
    follows(got.update(issue="post-dial-delay"), 4, ["post-dial-delay"])
    follows(feedback.update(quality_score=1, issue=ISSUES[::-1]), 1, ISSUES[::-1])
    follows(create(feedback, quality_score=5, issue=["unsolicited-call"]), 5, ["unsolicited-call"])
    follows(create(got, quality_score=3), 3, ["unsolicited-call"])
    follows(feedback.fetch(), 3, ["unsolicited-call"])


def test_every_value(client, mine):
    feedback = client.calls(mine["rated"][1]).feedback()
    for score in (1, 2, 3, 4, 5):
        assert create(feedback, quality_score=score).quality_score == score
    assert feedback.fetch().issues == []
    for issue in ISSUES:
        assert feedback.update(issue=[issue]).issues == [issue]
    names = {value for name, value in vars(FeedbackInstance.Issues).items() if name.isupper()}
    assert names == set(ISSUES)


def test_running_call_can_be_rated(client, manifest):
    assert create(client.calls(manifest["running"][2]).feedback(), quality_score=2).quality_score == 2


def test_no_feedback_without_a_score(client, mine):
    feedback = client.calls(mine["rated"][2]).feedback()
    assert rest(feedback.fetch) == (404, 20404)
    assert rest(feedback.update) == (400, 20001)
    assert rest(lambda: feedback.update(issue=["dropped-call"])) == (400, 20001)
    assert rest(lambda: create(feedback, quality_score=values.unset, issue=["dropped-call"])) == (400, 20001)
    assert rest(lambda: create(feedback, quality_score="")) == (400, 20001)
    assert rest(feedback.fetch) == (404, 20404)


@pytest.mark.parametrize("wrong", [
    {"quality_score": 0}, {"quality_score": 6}, {"quality_score": 4.5}, {"quality_score": "good"},
    {"issue": ["echo"]}, {"issue": ["audio-latency", "Dropped-Call"]}, {"issue": "dropped-call,audio-latency"}], ids=str)
def test_refused_feedback_changes_nothing(client, mine, wrong):
    feedback = client.calls(mine["rated"][3]).feedback()
    create(feedback, quality_score=3, issue=["digits-not-captured"])
    assert rest(lambda: feedback.update(**dict({"quality_score": 5, "issue": ["audio-latency"]}, **wrong))) == (400, 20001)
    assert said(feedback.fetch()) == (3, ["digits-not-captured"])


@pytest.mark.parametrize("sid", [MANIFEST["unknown"], "CA" + "X" * 32, "nonsense"])
def test_unknown_call(client, sid):
    feedback = client.calls(sid).feedback()
    assert rest(feedback.fetch) == (404, 20404)
    assert rest(lambda: feedback.update(quality_score=3)) == (404, 20404)
    assert rest(lambda: create(feedback, quality_score=3, issue=["dropped-call"])) == (404, 20404)


def test_parent_rates_a_call_below(client, below, manifest, mine):
    sid, other = mine["rated_below"]
    child = manifest["subaccount"]["account_sid"]
    got = create(client.api.accounts(child).calls(sid).feedback(), quality_score=4, issue=["imperfect-audio"])
    assert status(client) == 201
    assert (got.account_sid, got.sid) == (child, sid)
    assert said(below.calls(sid).feedback().fetch()) == (4, ["imperfect-audio"])
    assert said(below.calls(sid).feedback().update(issue=[""])) == (4, [])
    # A client that names the account from the start.
    parent = manifest["parent"]
    acting = connect(parent["account_sid"], parent["auth_token"], child)
    assert said(acting.calls(sid).feedback().fetch()) == (4, [])
    assert create(acting.calls(other).feedback(), quality_score=1).account_sid == child


def test_the_path_names_the_account(client, below, manifest, mine):
    for elsewhere in (client.calls(mine["rated_below"][0]),
                      below.calls(mine["rated"][0]),
                      below.api.accounts(manifest["parent"]["account_sid"]).calls(mine["rated"][0]),
                      client.api.accounts("AC" + "0" * 32).calls(mine["rated"][0]),
                      client.api.accounts("AC" + "X" * 32).calls(mine["rated"][0])):
        assert rest(elsewhere.feedback().fetch) == (404, 20404)
        assert rest(lambda: elsewhere.feedback().update(quality_score=1)) == (404, 20404)


def test_credentials(manifest, mine):
    key, parent = manifest["api_key"], manifest["parent"]
    keyed = connect(key["key_sid"], key["secret"], parent["account_sid"])
    assert create(keyed.calls(mine["rated"][1]).feedback(), quality_score=2).quality_score == 2
    for user, password in ((parent["account_sid"], "wrong"), (key["key_sid"], "wrong")):
        feedback = connect(user, password, parent["account_sid"]).calls(mine["rated"][1]).feedback()
        assert rest(feedback.fetch) == (401, 20003)
        assert rest(lambda: feedback.update(quality_score=1)) == (401, 20003)
