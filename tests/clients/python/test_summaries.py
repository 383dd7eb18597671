"""Summaries: every filter that this version of the library knows, and paging."""

import inspect
import re

import pytest
from conftest import MANIFEST, connect
from urllib.parse import urlsplit

PAGING = {"limit", "page_size"}
KNOWN = set(inspect.signature(
    connect("AC" + "0" * 32, "unused").insights.v1.call_summaries.list).parameters) - PAGING


def argument(name):
    snake = re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
    return snake + "_" if snake == "from" else snake


ROWS = [dict(row, arguments={argument(name): value for name, value in row["params"].items()})
        for row in MANIFEST["filters"]]
USABLE = [row for row in ROWS if set(row["arguments"]) <= KNOWN]


def sids(found):
    return [call.call_sid for call in found]


def test_no_filter_of_the_library_is_left_out():
    tried = set().union(*(row["arguments"] for row in USABLE))
    assert tried == KNOWN


@pytest.mark.parametrize("row", USABLE, ids=lambda row: row["name"])
def test_filter(voice, row):
    found = sids(voice.call_summaries.list(page_size=4, **row["arguments"]))
    assert sorted(found) == sorted(row["expect"])
    assert found == row["expect"], "right calls, wrong order"


def test_defaults_are_four_hours_and_completed(voice, manifest):
    assert sorted(sids(voice.call_summaries.list())) == sorted(manifest["recent"])


def test_default_page_size_is_25(voice, manifest):
    page = voice.call_summaries.page(start_time="3w")
    assert sids(page) == manifest["newest_first"][:25]
    assert sids(page.next_page()) == manifest["newest_first"][25:]


def test_partial_and_started_and_all(voice, manifest):
    running = sorted(manifest["running"])
    assert sorted(sids(voice.call_summaries.list(processing_state="partial"))) == running
    assert sorted(sids(voice.call_summaries.list(processing_state="started"))) == running
    found = sids(voice.call_summaries.list(processing_state="all", page_size=7))
    assert sorted(found) == sorted(running + manifest["recent"])
    assert sorted(found[:len(running)]) == running, "running calls sort first"


@pytest.mark.parametrize("size", [1, 5, 38, 1000])
def test_stream_over_pages_of(voice, manifest, size):
    assert sids(voice.call_summaries.stream(start_time="3w", page_size=size)) == manifest["newest_first"]


def test_limit_ends_inside_a_page(voice, manifest):
    assert sids(voice.call_summaries.list(start_time="3w", limit=7, page_size=5)) == manifest["newest_first"][:7]


def test_pages_forwards_and_back(voice, manifest):
    row = next(row for row in ROWS if row["name"] == "CallType=sip,trunking")
    page = voice.call_summaries.page(page_size=8, **row["arguments"])
    assert page.previous_page_url is None
    first, got = sids(page), []
    while page:
        if page.next_page_url:
            assert page.next_page_url.startswith(manifest["url"] + "/v1/Voice/Summaries?")
            assert "CallType=sip%2Ctrunking" in urlsplit(page.next_page_url).query
        last, page = page, page.next_page()
        got.append(last)
    assert len(got) == 3 and got[-1].next_page_url is None
    rest = [sids(page) for page in got[1:]]
    assert first + sum(rest, []) == row["expect"]
    back = voice.call_summaries.get_page(got[2].previous_page_url)
    assert sids(back) == rest[0]
    assert sids(back.previous_page()) == first


def test_page_by_number_and_empty_page(voice, manifest):
    assert sids(voice.call_summaries.page(start_time="3w", page_size=10, page_number=1)) == manifest["newest_first"][10:20]
    assert sids(voice.call_summaries.page(from_="+19995550100", start_time="3w")) == []
