"""Settings, subaccounts and API keys."""

import pytest
from conftest import connect, refused
from twilio.base.exceptions import TwilioException, TwilioRestException


@pytest.fixture(scope="module")
def below(manifest):
    child = manifest["subaccount"]
    return connect(child["account_sid"], child["auth_token"]).insights.v1


@pytest.fixture()
def theirs(manifest, major):
    return manifest["subaccount_calls"]["python%d" % major]


def flags(settings):
    return settings.advanced_features, settings.voice_trace


def test_settings(voice, manifest):
    settings = voice.settings()
    got = settings.fetch()
    assert got.account_sid == manifest["parent"]["account_sid"]
    assert got.url == manifest["url"] + "/v1/Voice/Settings"
    assert flags(got) == (True, False)
    try:
        assert flags(settings.update(voice_trace=True)) == (True, True)
        assert flags(settings.update()) == (True, True)
        assert flags(settings.update(advanced_features=False)) == (False, True)
        assert flags(settings.fetch()) == (False, True)
    finally:
        restored = settings.update(advanced_features=True, voice_trace=False)
    assert flags(restored) == (True, False)


def test_settings_of_a_subaccount(voice, below, manifest):
    child = manifest["subaccount"]["account_sid"]
    try:
        changed = voice.settings().update(voice_trace=True, subaccount_sid=child)
        assert (changed.account_sid, changed.voice_trace) == (child, True)
        assert voice.settings().fetch(subaccount_sid=child).voice_trace is True
        assert below.settings().fetch().voice_trace is True
        assert voice.settings().fetch().voice_trace is False
    finally:
        voice.settings().update(voice_trace=False, subaccount_sid=child)


def test_parent_reads_and_annotates_a_call_below(voice, below, manifest, theirs):
    child = manifest["subaccount"]["account_sid"]
    assert voice.calls(theirs).fetch().sid == theirs
    assert voice.calls(theirs).summary().fetch().account_sid == child
    updated = voice.calls(theirs).annotation().update(comment="from above")
    assert (updated.account_sid, updated.comment) == (child, "from above")
    assert below.calls(theirs).annotation().fetch().comment == "from above"


def test_list_shows_one_account_at_a_time(voice, below, manifest):
    def sids(found):
        return sorted(call.call_sid for call in found)

    children = sorted(manifest["subaccount_calls"].values())
    child = manifest["subaccount"]["account_sid"]
    assert sids(voice.call_summaries.list(start_time="4w", subaccount=child, page_size=2)) == children
    assert sids(below.call_summaries.list(start_time="4w")) == children
    assert not set(children) & set(sids(voice.call_summaries.list(start_time="4w")))


def test_nothing_of_the_parent_exists_below(below, manifest):
    call = below.calls(manifest["newest_first"][0])
    for action in (call.fetch, call.summary().fetch, call.annotation().fetch,
                   lambda: call.annotation().update(call_score=1)):
        with pytest.raises(TwilioRestException) as failure:
            action()
        assert refused(failure) == (404, 20404)
    with pytest.raises(TwilioException) as failure:
        call.events.list()
    assert refused(failure) == (404, 20404)


def test_foreign_subaccount_is_refused(below, manifest):
    parent = manifest["parent"]["account_sid"]
    with pytest.raises(TwilioException) as failure:
        below.call_summaries.list(subaccount=parent)
    assert refused(failure) == (403, 17000)
    with pytest.raises(TwilioRestException) as failure:
        below.settings().fetch(subaccount_sid=parent)
    assert refused(failure) == (403, 17000)


def test_api_key_signs_in(manifest, scratch):
    key = manifest["api_key"]
    voice = connect(key["key_sid"], key["secret"], manifest["parent"]["account_sid"]).insights.v1
    assert len(voice.call_summaries.list(start_time="3w")) == len(manifest["calls"])
    assert voice.calls(scratch[1]).annotation().update(incident="by key").incident == "by key"
