"""Annotation: partial merge, clearing, and its presence in summaries at once."""

FIELDS = ("answered_by", "connectivity_issue", "quality_issues", "spam", "call_score", "comment", "incident")
EMPTY = dict.fromkeys(FIELDS)


def noted(voice, window):
    """Annotations of listed calls; 7.x drops them from the records of a list, so there they are
    fetched."""
    found = voice.call_summaries.list(start_time=window)
    return {c.call_sid: c.annotation if hasattr(c, "annotation") else voice.calls(c.call_sid).summary().fetch().annotation
            for c in found}


def values(annotation):
    return {field: getattr(annotation, field) for field in FIELDS}


def test_never_annotated(voice, manifest, scratch):
    got = voice.calls(scratch[3]).annotation().fetch()
    assert values(got) == EMPTY
    assert (got.call_sid, got.account_sid) == (scratch[3], manifest["parent"]["account_sid"])
    assert got.url == "%s/v1/Voice/%s/Annotation" % (manifest["url"], scratch[3])


def test_update_without_a_body_answers_the_present_state(voice, scratch):
    assert values(voice.calls(scratch[3]).annotation().update()) == EMPTY


def test_partial_merge(voice, scratch):
    annotation = voice.calls(scratch[0]).annotation()
    first = annotation.update(answered_by="human", connectivity_issue="no_connectivity_issue",
                              quality_issues=" echo, low_volume ,echo,", spam=True, call_score=2,
                              comment="  A/B Test A ", incident="https://tickets.example.com/17353089?x=1&y=2")
    expected = {"answered_by": "human", "connectivity_issue": "no_connectivity_issue",
                "quality_issues": ["echo", "low_volume"], "spam": True, "call_score": 2, "comment": "A/B Test A",
                "incident": "https://tickets.example.com/17353089?x=1&y=2"}
    assert values(first) == expected

    second = annotation.update(spam=False, quality_issues="static_noise")
    expected.update(spam=False, quality_issues=["static_noise"])
    assert values(second) == expected
    assert values(annotation.update()) == expected
    assert values(annotation.fetch()) == expected
    assert annotation.fetch().spam is False

    expected.update(comment=None, call_score=None, quality_issues=None)
    cleared = values(annotation.update(comment="", call_score="", quality_issues=""))
    assert dict(cleared, quality_issues=cleared["quality_issues"] or None) == expected


def test_text_of_a_hundred_characters_beyond_ascii(voice, scratch):
    text = "é🎧" * 50
    assert voice.calls(scratch[1]).annotation().update(comment=text).comment == text


def test_every_value(voice, scratch):
    annotation = voice.calls(scratch[1]).annotation()
    for value in ("unknown_answered_by", "human", "machine"):
        assert annotation.update(answered_by=value).answered_by == value
    for value in ("unknown_connectivity_issue", "no_connectivity_issue", "invalid_number", "caller_id",
                  "dropped_call", "number_reachability"):
        assert annotation.update(connectivity_issue=value).connectivity_issue == value
    issues = ["no_quality_issue", "low_volume", "choppy_robotic", "echo", "dtmf", "latency", "owa", "static_noise"]
    assert annotation.update(quality_issues=",".join(issues)).quality_issues == issues
    for score in (1, 2, 3, 4, 5):
        assert annotation.update(call_score=score).call_score == score


def test_summaries_show_it_at_once(voice, manifest, scratch):
    sid = scratch[2]
    voice.calls(sid).annotation().update(answered_by="machine", call_score=3, spam=True)
    nested = voice.calls(sid).summary().fetch().annotation
    assert nested == dict(EMPTY, answered_by="machine", call_score=3, spam=True, call_sid=sid,
                          account_sid=manifest["parent"]["account_sid"])
    listed = noted(voice, "4w")
    assert listed[sid]["answered_by"] == "machine" and listed[sid]["call_score"] == 3 and listed[sid]["spam"] is True
    assert "url" not in listed[sid]


def test_seeded_annotations(voice, manifest):
    listed = noted(voice, "3w")
    for sid, sent in manifest["annotations"].items():
        if sent is None:
            assert listed[sid] is None
            continue
        issues = [issue.strip() for issue in sent["QualityIssues"].split(",")]
        assert listed[sid]["quality_issues"] == issues
        assert listed[sid]["connectivity_issue"] == sent["ConnectivityIssue"]
        assert listed[sid]["call_score"] == int(sent["CallScore"])


def test_running_call_can_be_annotated(voice, manifest):
    sid = manifest["running"][0]
    assert voice.calls(sid).annotation().update(comment="still talking").comment == "still talking"
    assert voice.calls(sid).summary().fetch(processing_state="partial").annotation["comment"] == "still talking"
