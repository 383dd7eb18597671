"""The asynchronous half of Call Feedback; 8.x alone has it."""

import asyncio
from datetime import date

import pytest
from conftest import connect, refused
from twilio.base.exceptions import TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient


def run(manifest, work):
    async def session():
        parent = manifest["parent"]
        async with AsyncTwilioHttpClient() as http:
            await work(connect(parent["account_sid"], parent["auth_token"], http_client=http))

    asyncio.run(session())


def test_feedback(manifest, mine):
    async def work(client):
        feedback = client.calls(mine["rated"][1]).feedback()
        got = await feedback.update_async(quality_score=3, issue=["dropped-call", "imperfect-audio"])
        assert (got.quality_score, got.issues) == (3, ["dropped-call", "imperfect-audio"])
        assert (await got.update_async(issue=[""])).issues == []
        assert (await feedback.fetch_async()).quality_score == 3
        with pytest.raises(TwilioRestException) as failure:
            await client.calls(manifest["unknown"]).feedback().update_async(quality_score=3)
        assert refused(failure) == (404, 20404)

    run(manifest, work)


def test_summary(manifest):
    async def work(client):
        summaries = client.calls.feedback_summaries
        job = await summaries.create_async(start_date=date(2020, 2, 29), end_date="2020-03-01", include_subaccounts=True)
        while job.status in ("queued", "in-progress"):
            await asyncio.sleep(0.1)
            job = await summaries(job.sid).fetch_async()
        assert (job.status, job.call_count, job.include_subaccounts) == ("completed", 0, True)
        assert await job.delete_async() is True
        with pytest.raises(TwilioRestException) as failure:
            await job.fetch_async()
        assert refused(failure) == (404, 20404)

    run(manifest, work)
