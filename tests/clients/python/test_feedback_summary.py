"""FeedbackSummary: what the feedback of some days adds up to."""

import time
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from conftest import connect, rest
from test_feedback import create as rate
from twilio.base import values
from twilio.rest.api.v2010.account.call.feedback_summary import FeedbackSummaryInstance as Summary

FIGURES = ("call_count", "call_feedback_count", "quality_score_average", "quality_score_median",
           "quality_score_standard_deviation")


def finished(summaries, sid):
    end = time.monotonic() + 15
    while True:
        got = summaries(sid).fetch()
        if got.status not in (Summary.Status.QUEUED, Summary.Status.IN_PROGRESS):
            return got
        assert time.monotonic() < end, "still " + got.status
        time.sleep(0.1)


def figures(got):
    return tuple(getattr(got, name) for name in FIGURES)


def issues(got):
    return {row["description"]: (row["count"], row["percentage_of_total_calls"]) for row in got.issues}


@pytest.fixture(scope="module")
def day(client, below, mine):
    """A day of five calls and two below; three and one of them are rated."""
    for sid, score, said in zip(mine["summed"], (1, 4, 3), (["imperfect-audio", "dropped-call"], ["dropped-call"], [])):
        rate(client.calls(sid).feedback(), quality_score=score, issue=said)
    rate(below.calls(mine["summed_below"][1]).feedback(), quality_score=5, issue=["one-way-audio"])
    return date(*map(int, mine["day"].split("-")))


def test_create_fetch_delete(client, manifest, day):
    summaries = client.calls.feedback_summaries
    before = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(seconds=1)
    job = summaries.create(start_date=day, end_date=day)
    assert (job.status, job.issues, figures(job)) == (Summary.Status.QUEUED, [], (None,) * 5)
    assert before <= job.date_created == job.date_updated <= datetime.now(timezone.utc)

    done = finished(summaries, job.sid)
    assert done.status == Summary.Status.COMPLETED
    for got in (job, done, job.fetch()):
        assert got.sid.startswith("FS") and len(got.sid) == 34
        assert (got.sid, got.account_sid) == (job.sid, manifest["parent"]["account_sid"])
        assert (got.start_date, got.end_date, got.include_subaccounts) == (day, day, False)
        assert got.date_created == job.date_created <= got.date_updated <= datetime.now(timezone.utc)
    calls, rated, average, median, deviation = figures(done)
    assert (calls, rated, median) == (5, 3, Decimal("3.0"))
    assert isinstance(average, Decimal) and round(average, 6) == Decimal("2.666667")
    assert isinstance(deviation, Decimal) and round(deviation, 6) == Decimal("1.247219")
    assert issues(done) == {"imperfect-audio": (1, "20.0%"), "dropped-call": (2, "40.0%")}

    assert summaries(job.sid).delete() is True
    assert rest(summaries(job.sid).fetch) == (404, 20404)
    assert rest(job.fetch) == (404, 20404)
    assert rest(summaries(job.sid).delete) == (404, 20404)


def test_days_are_inclusive_and_subaccounts_count_when_asked(client, day):
    summaries = client.calls.feedback_summaries
    for around in (timedelta(0), timedelta(days=1)):
        job = summaries.create(start_date=day - around, end_date=(day + around).isoformat(), include_subaccounts=True)
        done = finished(summaries, job.sid)
        assert done.include_subaccounts is True
        calls, rated, average, median, deviation = figures(done)
        assert (calls, rated, average, median) == (7, 4, Decimal("3.25"), Decimal("3.5"))
        assert round(deviation, 6) == Decimal("1.479020")
        assert issues(done) == {"imperfect-audio": (1, "14.29%"), "dropped-call": (2, "28.57%"), "one-way-audio": (1, "14.29%")}
        assert job.delete() is True
    own = summaries.create(start_date=day, end_date=day, include_subaccounts=False)
    assert figures(finished(summaries, own.sid))[:2] == (5, 3)
    beside = summaries.create(start_date=day + timedelta(days=1), end_date=day + timedelta(days=1), include_subaccounts=True)
    done = finished(summaries, beside.sid)
    assert (done.issues, figures(done)) == ([], (0, 0, None, None, None))


def test_whole_calendar(client):
    first, last = date(1, 1, 1), date(9999, 12, 31)
    job = client.calls.feedback_summaries.create(start_date=first, end_date=last, include_subaccounts=True)
    done = finished(client.calls.feedback_summaries, job.sid)
    assert (done.status, done.start_date, done.end_date) == (Summary.Status.COMPLETED, first, last)
    assert done.call_count > done.call_feedback_count > 0


def test_parent_sums_up_below(client, below, manifest, day):
    child = manifest["subaccount"]["account_sid"]
    summaries = client.api.accounts(child).calls.feedback_summaries
    job = summaries.create(start_date=day, end_date=day)
    assert job.account_sid == child
    done = finished(summaries, job.sid)
    assert figures(done) == (2, 1, Decimal("5.0"), Decimal("5.0"), Decimal("0.0"))
    assert issues(done) == {"one-way-audio": (1, "50.0%")}
    theirs = below.calls.feedback_summaries
    assert figures(theirs(job.sid).fetch()) == figures(done)
    # In the path of another account there is no such summary.
    assert rest(client.calls.feedback_summaries(job.sid).fetch) == (404, 20404)
    assert rest(client.calls.feedback_summaries(job.sid).delete) == (404, 20404)
    assert theirs(job.sid).delete() is True
    assert rest(summaries(job.sid).fetch) == (404, 20404)


def test_nothing_of_the_parent_exists_below(client, below, manifest, day):
    job = client.calls.feedback_summaries.create(start_date=day, end_date=day)
    above = below.api.accounts(manifest["parent"]["account_sid"]).calls.feedback_summaries
    assert rest(lambda: above.create(start_date=day, end_date=day)) == (404, 20404)
    for summaries in (above, below.calls.feedback_summaries):
        assert rest(summaries(job.sid).fetch) == (404, 20404)
        assert rest(summaries(job.sid).delete) == (404, 20404)
    assert client.calls.feedback_summaries(job.sid).fetch().sid == job.sid


@pytest.mark.parametrize("sid", ["FS" + "0" * 32, "FS" + "X" * 32, "nonsense"])
def test_unknown_summary(client, sid):
    summary = client.calls.feedback_summaries(sid)
    assert rest(summary.fetch) == (404, 20404)
    assert rest(summary.delete) == (404, 20404)


@pytest.mark.parametrize("wrong", [
    {"start_date": "2026-02-31", "end_date": "2026-03-31"}, {"end_date": "2026-06-31"}, {"start_date": "yesterday"},
    {"start_date": "2026-06-02"}, {"start_date": values.unset}, {"end_date": values.unset}, {"end_date": ""},
    {"start_date": "01-06-2026"}, {"include_subaccounts": "perhaps"}, {"status_callback": "nonsense"},
    {"status_callback": "ftp://example.com/done"}, {"status_callback": "https://user@example.com/done"},
    {"status_callback": "https://example.com/done", "status_callback_method": "PUT"}], ids=str)
def test_refused_summary(client, wrong):
    asked = dict({"start_date": "2026-06-01", "end_date": date(2026, 6, 1)}, **wrong)
    assert rest(lambda: client.calls.feedback_summaries.create(**asked)) == (400, 20001)


def test_wrong_credentials(client, manifest, day):
    job = client.calls.feedback_summaries.create(start_date=day, end_date=day)
    summaries = connect(manifest["parent"]["account_sid"], "wrong").calls.feedback_summaries
    assert rest(lambda: summaries.create(start_date=day, end_date=day)) == (401, 20003)
    assert rest(summaries(job.sid).fetch) == (401, 20003)
    assert rest(summaries(job.sid).delete) == (401, 20003)
