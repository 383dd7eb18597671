"""The asynchronous half of the library (8.x and newer)."""

import asyncio

from conftest import connect
from twilio.http.async_http_client import AsyncTwilioHttpClient


def run(manifest, work):
    async def session():
        parent = manifest["parent"]
        async with AsyncTwilioHttpClient() as http:
            return await work(connect(parent["account_sid"], parent["auth_token"], http_client=http).insights.v1)

    return asyncio.run(session())


def test_one_call(manifest, scratch):
    sid = manifest["detailed"]["call_sid"]

    async def work(voice):
        call = voice.calls(sid)
        assert (await call.fetch_async()).sid == sid
        assert (await call.summary().fetch_async()).call_sid == sid
        assert len(await call.events.list_async(page_size=3)) == len(manifest["detailed"]["events"])
        assert len(await call.metrics.list_async(page_size=5)) == len(manifest["detailed"]["metrics"])
        annotation = voice.calls(scratch[1]).annotation()
        assert (await annotation.update_async(call_score=4, spam=False)).call_score == 4
        assert (await annotation.update_async()).call_score == 4
        assert (await annotation.fetch_async()).spam is False

    run(manifest, work)


def test_summaries_and_settings(manifest):
    async def work(voice):
        stream = await voice.call_summaries.stream_async(start_time="3w", page_size=9)
        assert [call.call_sid async for call in stream] == manifest["newest_first"]
        page = await voice.call_summaries.page_async(start_time="3w", page_size=30)
        assert [c.call_sid for c in await page.next_page_async()] == manifest["newest_first"][30:]
        assert (await voice.settings().fetch_async()).advanced_features is True
        assert (await voice.settings().update_async(voice_trace=False)).voice_trace is False

    run(manifest, work)
