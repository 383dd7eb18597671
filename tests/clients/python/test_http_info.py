"""The calls of the newest library that hand out status and headers beside the record."""


def test_statuses(voice, manifest, scratch):
    call = voice.calls(manifest["newest_first"][0])
    for answer in (call.fetch_with_http_info(), call.summary().fetch_with_http_info(),
                   voice.calls(scratch[1]).annotation().update_with_http_info(call_score=5),
                   voice.calls(scratch[1]).annotation().fetch_with_http_info(),
                   voice.settings().fetch_with_http_info(), voice.settings().update_with_http_info()):
        assert answer.status_code == 200
        headers = {name.lower(): value for name, value in answer.headers.items()}
        assert headers["content-type"].replace(" ", "") == "application/json;charset=utf-8"


def test_lists(voice, manifest):
    call = voice.calls(manifest["detailed"]["call_sid"])
    for answer, count in ((voice.call_summaries.list_with_http_info(start_time="3w", page_size=9), len(manifest["calls"])),
                          (call.events.list_with_http_info(page_size=3), len(manifest["detailed"]["events"])),
                          (call.metrics.list_with_http_info(page_size=3), len(manifest["detailed"]["metrics"]))):
        assert answer.status_code == 200
        assert len(list(answer.data)) == count
