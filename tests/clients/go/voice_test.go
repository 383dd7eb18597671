package sidetone

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/twilio/twilio-go/client"
	insights "github.com/twilio/twilio-go/rest/insights/v1"
)

func must[T any](found T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
}

func sids(calls []insights.InsightsV1CallSummaries) []string {
	found := []string{}
	for _, call := range calls {
		found = append(found, *call.CallSid)
	}
	return found
}

func TestLinkResource(t *testing.T) {
	sid := manifest.NewestFirst[0]
	call := must(voice.FetchCall(sid))(t)
	same(t, []string{sid, manifest.Url + "/v1/Voice/" + sid}, []string{*call.Sid, *call.Url}, "sid and url")
}

func TestSummaryComesBackAsItWasSent(t *testing.T) {
	for _, sid := range manifest.NewestFirst[:8] {
		got := plain(t, must(voice.FetchSummary(sid, nil))(t))
		for field, value := range manifest.Calls[sid] {
			switch field {
			case "processing_version", "parent_account_sid", "parent_call_sid": // the library has no such fields
			case "annotation": // said since
				same(t, manifest.Annotations[sid] != nil, got[field] != nil, sid+" annotated")
			case "tags": // the library leaves out an empty list
				same(t, len(list(value)), len(list(got[field])), sid+" tags")
			default:
				holds(t, value, got[field], sid+" "+field)
			}
		}
	}
}

func list(value interface{}) []interface{} {
	found, _ := value.([]interface{})
	return found
}

func TestRunningCallHasAPartialSummary(t *testing.T) {
	for _, sid := range manifest.Running {
		got := must(voice.FetchSummary(sid, (&insights.FetchSummaryParams{}).SetProcessingState("partial")))(t)
		same(t, []string{sid, "partial", "answered"}, []string{*got.CallSid, *got.ProcessingState, *got.CallState}, "state")
		if got.EndTime != nil {
			t.Errorf("a running call ended at %v", got.EndTime)
		}
	}
}

func TestFilters(t *testing.T) {
	tried := map[string]bool{}
	for _, filter := range manifest.Filters {
		params := &insights.ListCallSummariesParams{}
		if !knows(filter.Params, params) {
			continue // a filter younger or older than this version
		}
		t.Run(filter.Name, func(t *testing.T) {
			found := must(voice.ListCallSummaries(params.SetPageSize(4)))(t)
			same(t, filter.Expect, sids(found), "calls in order")
		})
		asked := reflect.ValueOf(*params)
		for n := 0; n < asked.NumField(); n++ {
			tried[asked.Type().Field(n).Name] = tried[asked.Type().Field(n).Name] || !asked.Field(n).IsNil()
		}
	}
	tried["Limit"] = true // a count of the library's own
	for name, was := range tried {
		if !was {
			t.Errorf("no case filters by %s", name)
		}
	}
}

func TestDefaultsAreFourHoursAndCompleted(t *testing.T) {
	same(t, sorted(manifest.Recent), sorted(sids(must(voice.ListCallSummaries(nil))(t))), "calls")
}

func TestPages(t *testing.T) {
	for _, size := range []int{1, 5, 38, 1000} {
		params := (&insights.ListCallSummariesParams{}).SetStartTime("3w").SetPageSize(size)
		same(t, manifest.NewestFirst, sids(must(voice.ListCallSummaries(params))(t)), "all pages")
	}
	params := (&insights.ListCallSummariesParams{}).SetStartTime("3w").SetPageSize(5).SetLimit(7)
	same(t, manifest.NewestFirst[:7], sids(must(voice.ListCallSummaries(params))(t)), "a limit within a page")
}

func TestEvents(t *testing.T) {
	seeded := manifest.Detailed.Events
	found := must(voice.ListEvent(manifest.Detailed.CallSid, (&insights.ListEventParams{}).SetPageSize(3)))(t)
	if len(found) != len(seeded) {
		t.Fatalf("%d events, not %d", len(found), len(seeded))
	}
	for n, event := range seeded {
		holds(t, event, plain(t, found[n]), event["timestamp"].(string))
	}
	for _, edge := range []string{"sdk_edge", "client_edge", "carrier_edge"} {
		narrowed := must(voice.ListEvent(manifest.Detailed.CallSid, (&insights.ListEventParams{}).SetEdge(edge)))(t)
		if len(narrowed) != count(seeded, "edge", edge) {
			t.Errorf("%d events of %s", len(narrowed), edge)
		}
	}
}

func TestMetrics(t *testing.T) {
	seeded := manifest.Detailed.Metrics
	found := must(voice.ListMetric(manifest.Detailed.CallSid, (&insights.ListMetricParams{}).SetPageSize(5)))(t)
	if len(found) != len(seeded) {
		t.Fatalf("%d metrics, not %d", len(found), len(seeded))
	}
	for n, metric := range seeded {
		holds(t, metric, plain(t, found[n]), metric["timestamp"].(string))
	}
	for _, direction := range []string{"both", "inbound", "outbound"} {
		params := (&insights.ListMetricParams{}).SetDirection(direction)
		if narrowed := must(voice.ListMetric(manifest.Detailed.CallSid, params))(t); len(narrowed) != count(seeded, "direction", direction) {
			t.Errorf("%d metrics of %s", len(narrowed), direction)
		}
	}
}

func count(rows []row, field, value string) int {
	found := 0
	for _, each := range rows {
		if each[field] == value {
			found++
		}
	}
	return found
}

func TestAnnotation(t *testing.T) {
	scratch := manifest.Scratch["go"]
	never := must(voice.FetchAnnotation(scratch[3]))(t)
	if never.AnsweredBy != nil || never.QualityIssues != nil && len(*never.QualityIssues) > 0 || never.CallScore != nil {
		t.Errorf("never annotated, and yet %v", plain(t, never))
	}
	first := (&insights.UpdateAnnotationParams{}).SetAnsweredBy("human").SetConnectivityIssue("no_connectivity_issue").
		SetQualityIssues("echo,latency").SetSpam(true).SetCallScore(2).SetComment("über die Leitung").SetIncident("INC-1")
	expected := row{"answered_by": "human", "connectivity_issue": "no_connectivity_issue", "quality_issues": []string{"echo", "latency"},
		"spam": true, "call_score": 2, "comment": "über die Leitung", "incident": "INC-1"}
	check := func(got *insights.InsightsV1Annotation) {
		t.Helper()
		found := plain(t, got)
		for field, value := range expected {
			same(t, value, found[field], field)
		}
	}
	check(must(voice.UpdateAnnotation(scratch[0], first))(t))
	expected["spam"], expected["call_score"] = false, 4
	check(must(voice.UpdateAnnotation(scratch[0], (&insights.UpdateAnnotationParams{}).SetSpam(false).SetCallScore(4)))(t))
	check(must(voice.FetchAnnotation(scratch[0]))(t))
	summary := must(voice.FetchSummary(scratch[0], nil))(t)
	same(t, "human", (*summary.Annotation).(row)["answered_by"], "in the summary")
}

func TestSettings(t *testing.T) {
	flags := func(got *insights.InsightsV1AccountSettings) []bool {
		return []bool{*got.AdvancedFeatures, *got.VoiceTrace}
	}
	same(t, []bool{true, false}, flags(must(voice.FetchAccountSettings(nil))(t)), "at first")
	defer func() {
		restore := (&insights.UpdateAccountSettingsParams{}).SetVoiceTrace(false)
		same(t, []bool{true, false}, flags(must(voice.UpdateAccountSettings(restore))(t)), "restored")
	}()
	changed := must(voice.UpdateAccountSettings((&insights.UpdateAccountSettingsParams{}).SetVoiceTrace(true)))(t)
	same(t, []bool{true, true}, flags(changed), "changed")
}

func TestParentReadsACallBelow(t *testing.T) {
	below := manifest.SubaccountCalls["go"]
	same(t, manifest.Subaccount.AccountSid, must(voice.FetchSummary(below, nil))(t).AccountSid, "account")
	child := connect(manifest.Subaccount.AccountSid, manifest.Subaccount.AuthToken)
	_, err := child.FetchSummary(manifest.NewestFirst[0], nil)
	refused(t, err, 404, 20404)
}

func TestAnAPIKeySignsIn(t *testing.T) {
	voice := connect(manifest.ApiKey.KeySid, manifest.ApiKey.Secret)
	same(t, manifest.NewestFirst[0], must(voice.FetchSummary(manifest.NewestFirst[0], nil))(t).CallSid, "call")
}

func refused(t *testing.T, err error, status, code int) {
	t.Helper()
	var refusal *client.TwilioRestError
	if !errors.As(err, &refusal) {
		t.Fatalf("not the library's error: %v", err)
	}
	same(t, []int{status, code}, []int{refusal.Status, refusal.Code}, refusal.Message)
	if refusal.Message == "" || refusal.MoreInfo == "" {
		t.Errorf("says nothing: %v", refusal)
	}
}

func TestErrors(t *testing.T) {
	_, err := voice.FetchSummary(manifest.Unknown, nil)
	refused(t, err, 404, 20404)
	_, err = voice.FetchAnnotation(manifest.Unknown)
	refused(t, err, 404, 20404)
	_, err = voice.ListEvent(manifest.Unknown, nil)
	refused(t, err, 404, 20404)
	_, err = voice.FetchSummary(manifest.Running[0], nil)
	refused(t, err, 404, 17001)
	_, err = voice.ListCallSummaries((&insights.ListCallSummariesParams{}).SetStartTime("yesterday"))
	refused(t, err, 400, 17400)
	_, err = voice.UpdateAnnotation(manifest.Scratch["go"][1], (&insights.UpdateAnnotationParams{}).SetComment(strings.Repeat("x", 101)))
	refused(t, err, 400, 20001)
	_, err = connect(manifest.Parent.AccountSid, "wrong").FetchSummary(manifest.NewestFirst[0], nil)
	refused(t, err, 401, 20003)
}
