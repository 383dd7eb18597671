package sidetone

import (
	"testing"

	events "github.com/twilio/twilio-go/rest/events/v1"
)

// TestEventStreams makes a sink and a subscription of everything, and takes both apart again.
func TestEventStreams(t *testing.T) {
	streams := events.NewApiService(requests(manifest.Parent.AccountSid, manifest.Parent.AuthToken))
	configuration := row{"destination": "http://127.0.0.1:9/", "method": "POST"}
	sink := must(streams.CreateSink((&events.CreateSinkParams{}).SetDescription("go").SetSinkConfiguration(configuration).SetSinkType("webhook")))(t)
	same(t, []string{"webhook", "active", manifest.Url + "/v1/Sinks/" + *sink.Sid}, []string{*sink.SinkType, *sink.Status, *sink.Url}, "sink")
	same(t, configuration, sink.SinkConfiguration, "configuration")
	same(t, "night shift", must(streams.UpdateSink(*sink.Sid, (&events.UpdateSinkParams{}).SetDescription("night shift")))(t).Description, "description")

	types := []interface{}{}
	for _, known := range must(streams.ListEventType((&events.ListEventTypeParams{}).SetPageSize(3)))(t) {
		version := must(streams.FetchSchema(*known.SchemaId))(t).LatestVersion
		types = append(types, row{"type": *known.Type, "schema_version": version})
	}
	params := (&events.CreateSubscriptionParams{}).SetDescription("go").SetSinkSid(*sink.Sid).SetTypes(types)
	subscription := must(streams.CreateSubscription(params))(t)
	_, err := streams.CreateSubscription(params)
	refused(t, err, 400, 20001)
	refused(t, streams.DeleteSink(*sink.Sid), 400, 20001)
	of := (&events.ListSubscriptionParams{}).SetSinkSid(*sink.Sid)
	same(t, subscription.Sid, must(streams.ListSubscription(of))(t)[0].Sid, "listed")
	subscribed := []interface{}{}
	for _, one := range must(streams.ListSubscribedEvent(*subscription.Sid, (&events.ListSubscribedEventParams{}).SetPageSize(2)))(t) {
		subscribed = append(subscribed, row{"type": *one.Type, "schema_version": one.SchemaVersion})
		if err := streams.DeleteSubscribedEvent(*subscription.Sid, *one.Type); err != nil {
			t.Error(err)
		}
	}
	same(t, types, subscribed, "types")
	versions := must(streams.ListSchemaVersion("VoiceInsights.CallSummary", (&events.ListSchemaVersionParams{}).SetPageSize(3)))(t)
	same(t, 7, len(versions), "versions")

	if err := streams.DeleteSubscription(*subscription.Sid); err != nil {
		t.Error(err)
	}
	if err := streams.DeleteSink(*sink.Sid); err != nil {
		t.Error(err)
	}
	_, err = streams.FetchSink(*sink.Sid)
	refused(t, err, 404, 20404)
}
