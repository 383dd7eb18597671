import com.fasterxml.jackson.databind.JsonNode;
import com.twilio.base.ResourceSet;
import com.twilio.http.TwilioRestClient;
import com.twilio.rest.insights.v1.Call;
import com.twilio.rest.insights.v1.CallSummaries;
import com.twilio.rest.insights.v1.CallSummariesReader;
import com.twilio.rest.insights.v1.Setting;
import com.twilio.rest.insights.v1.call.Annotation;
import com.twilio.rest.insights.v1.call.CallSummary;
import com.twilio.rest.insights.v1.call.Event;
import com.twilio.rest.insights.v1.call.Metric;
import java.lang.reflect.Method;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

/** Insights: calls, summaries, events, metrics, annotation, settings, errors. */
class VoiceTest {
    static final JsonNode MANIFEST = Seeded.MANIFEST;
    static final TwilioRestClient CLIENT = Seeded.parent();
    static final List<String> NEWEST_FIRST = Seeded.texts(MANIFEST.get("newest_first"));
    static final String UNKNOWN = MANIFEST.get("unknown").asText();

    static List<String> sids(Iterable<CallSummaries> calls) {
        List<String> found = new ArrayList<>();
        calls.forEach(call -> found.add(call.getCallSid()));
        return found;
    }

    static <T> List<T> all(Iterable<T> rows) {
        List<T> found = new ArrayList<>();
        rows.forEach(found::add);
        return found;
    }

    @Test
    void linkResource() {
        Call call = Call.fetcher(NEWEST_FIRST.get(0)).fetch(CLIENT);
        assertEquals(NEWEST_FIRST.get(0), call.getSid());
        assertEquals(MANIFEST.get("url").asText() + "/v1/Voice/" + call.getSid(), call.getUrl().toString());
    }

    @Test
    void summaryComesBackAsItWasSent() {
        for (String sid : NEWEST_FIRST.subList(0, 8)) {
            JsonNode sent = MANIFEST.get("calls").get(sid);
            CallSummary got = CallSummary.fetcher(sid).fetch(CLIENT);
            assertEquals(sent.get("call_type").asText(), got.getCallType().toString());
            assertEquals(sent.get("call_state").asText(), got.getCallState().toString());
            assertEquals(sent.get("answered_by").asText(), got.getAnsweredBy().toString());
            assertEquals("complete", got.getProcessingState().toString());
            assertEquals(ZonedDateTime.parse(sent.get("start_time").asText()).toInstant(), got.getStartTime().toInstant());
            assertEquals(ZonedDateTime.parse(sent.get("end_time").asText()).toInstant(), got.getEndTime().toInstant());
            assertEquals(List.of(sent.get("duration").asInt(), sent.get("connect_duration").asInt()),
                List.of(got.getDuration(), got.getConnectDuration()));
            assertEquals(Seeded.texts(sent.get("tags")), got.getTags() == null ? List.of() : got.getTags());
            Map<String, Object> objects = new java.util.HashMap<>();
            objects.put("from", got.getFrom());
            objects.put("to", got.getTo());
            objects.put("properties", got.getProperties());
            objects.put("trust", got.getTrust());
            objects.put("carrier_edge", got.getCarrierEdge());
            objects.put("sip_edge", got.getSipEdge());
            objects.put("sdk_edge", got.getSdkEdge());
            objects.put("client_edge", got.getClientEdge());
            objects.forEach((field, value) -> Seeded.holds(sent.get(field), value, sid + " " + field));
        }
    }

    @Test
    void runningCallHasAPartialSummary() {
        for (String sid : Seeded.texts(MANIFEST.get("running"))) {
            CallSummary got = CallSummary.fetcher(sid).setProcessingState(CallSummary.ProcessingState.PARTIAL).fetch(CLIENT);
            assertEquals(List.of("partial", "answered"), List.of(got.getProcessingState().toString(), got.getCallState().toString()));
            assertNull(got.getEndTime());
        }
    }

    /** The setter of a filter, or null if this version has none. */
    static Method setter(String filter) {
        for (Method method : CallSummariesReader.class.getMethods()) {
            if (method.getName().equals("set" + filter)) return method;
        }
        return null;
    }

    static Object argument(Class<?> kind, JsonNode value) throws ReflectiveOperationException {
        if (kind == Boolean.class) return value.asBoolean();
        return kind == String.class ? value.asText() : kind.getMethod("forValue", String.class).invoke(null, value.asText());
    }

    @TestFactory
    List<DynamicTest> filters() {
        List<DynamicTest> tests = new ArrayList<>();
        Set<String> tried = new HashSet<>(List.of("PageSize"));
        for (JsonNode row : MANIFEST.get("filters")) {
            List<String> names = new ArrayList<>();
            row.get("params").fieldNames().forEachRemaining(names::add);
            if (names.stream().anyMatch(name -> setter(name) == null)) continue; // younger or older than this version
            tried.addAll(names);
            tests.add(DynamicTest.dynamicTest(row.get("name").asText(), () -> {
                CallSummariesReader reader = CallSummaries.reader().setPageSize(4);
                for (String name : names) {
                    Method setter = setter(name);
                    setter.invoke(reader, argument(setter.getParameterTypes()[0], row.get("params").get(name)));
                }
                assertEquals(Seeded.texts(row.get("expect")), sids(reader.read(CLIENT)));
            }));
        }
        tests.add(DynamicTest.dynamicTest("none is left out", () -> {
            for (Method method : CallSummariesReader.class.getDeclaredMethods()) {
                if (method.getName().startsWith("set")) {
                    assertEquals(true, tried.contains(method.getName().substring(3)), method.getName());
                }
            }
        }));
        return tests;
    }

    @Test
    void defaultsAreFourHoursAndCompleted() {
        assertEquals(new HashSet<>(Seeded.texts(MANIFEST.get("recent"))), new HashSet<>(sids(CallSummaries.reader().read(CLIENT))));
    }

    @Test
    void pages() {
        for (int size : new int[] {1, 5, 38, 1000}) {
            ResourceSet<CallSummaries> found = CallSummaries.reader().setStartTime("3w").setPageSize(size).read(CLIENT);
            assertEquals(NEWEST_FIRST, sids(found));
        }
        assertEquals(NEWEST_FIRST.subList(0, 7), sids(CallSummaries.reader().setStartTime("3w").setPageSize(5).limit(7).read(CLIENT)));
    }

    @Test
    void events() {
        JsonNode seeded = MANIFEST.get("detailed").get("events");
        List<Event> found = all(Event.reader(MANIFEST.get("detailed").get("call_sid").asText()).setPageSize(3).read(CLIENT));
        assertEquals(seeded.size(), found.size());
        for (int n = 0; n < found.size(); n++) {
            JsonNode sent = seeded.get(n);
            Event got = found.get(n);
            assertEquals(List.of(sent.get("timestamp").asText(), sent.get("edge").asText(), sent.get("group").asText(),
                    sent.get("level").asText(), sent.get("name").asText()),
                List.of(got.getTimestamp(), got.getEdge().toString(), got.getGroup(), got.getLevel().toString(), got.getName()));
            Seeded.holds(sent.get("sdk_edge"), got.getSdkEdge(), got.getTimestamp());
            Seeded.holds(sent.get("client_edge"), got.getClientEdge(), got.getTimestamp());
        }
    }

    @Test
    void metrics() {
        JsonNode seeded = MANIFEST.get("detailed").get("metrics");
        String sid = MANIFEST.get("detailed").get("call_sid").asText();
        List<Metric> found = all(Metric.reader(sid).setPageSize(5).read(CLIENT));
        assertEquals(seeded.size(), found.size());
        for (int n = 0; n < found.size(); n++) {
            assertEquals(seeded.get(n).get("timestamp").asText(), found.get(n).getTimestamp());
            Seeded.holds(seeded.get(n).get("sdk_edge"), found.get(n).getSdkEdge(), found.get(n).getTimestamp());
            Seeded.holds(seeded.get(n).get("client_edge"), found.get(n).getClientEdge(), found.get(n).getTimestamp());
        }
        assertEquals(4, all(Metric.reader(sid).setDirection(Metric.StreamDirection.INBOUND).read(CLIENT)).size());
        assertEquals(4, all(Metric.reader(sid).setEdge(Metric.TwilioEdge.SDK_EDGE).read(CLIENT)).size());
    }

    static void says(Annotation got, boolean spam, int score) {
        assertEquals(List.of("human", "no_connectivity_issue", List.of("echo", "latency"), spam, score, "über die Leitung", "INC-1"),
            List.of(got.getAnsweredBy().toString(), got.getConnectivityIssue().toString(), got.getQualityIssues(), got.getSpam(),
                got.getCallScore(), got.getComment(), got.getIncident()));
    }

    @Test
    void annotation() {
        assertNull(Annotation.fetcher(Seeded.scratch(3)).fetch(CLIENT).getCallScore());
        String sid = Seeded.scratch(0);
        says(Annotation.updater(sid).setAnsweredBy(Annotation.AnsweredBy.HUMAN)
            .setConnectivityIssue(Annotation.ConnectivityIssue.NO_CONNECTIVITY_ISSUE).setQualityIssues("echo,latency")
            .setSpam(true).setCallScore(2).setComment("über die Leitung").setIncident("INC-1").update(CLIENT), true, 2);
        says(Annotation.updater(sid).setSpam(false).setCallScore(4).update(CLIENT), false, 4);
        says(Annotation.fetcher(sid).fetch(CLIENT), false, 4);
        assertEquals("human", CallSummary.fetcher(sid).fetch(CLIENT).getAnnotation().get("answered_by"));
    }

    @Test
    void settings() {
        // The two majors of this suite run one after the other, so what one changes it puts back.
        try {
            Setting changed = Setting.updater().setVoiceTrace(true).update(CLIENT);
            assertEquals(List.of(true, true), List.of(changed.getAdvancedFeatures(), changed.getVoiceTrace()));
        } finally {
            Setting.updater().setVoiceTrace(false).update(CLIENT);
        }
        Setting restored = Setting.fetcher().fetch(CLIENT);
        assertEquals(List.of(true, false), List.of(restored.getAdvancedFeatures(), restored.getVoiceTrace()));
    }

    @Test
    void parentReadsACallBelow() {
        JsonNode child = MANIFEST.get("subaccount");
        String below = MANIFEST.get("subaccount_calls").get(Seeded.CLIENT).asText();
        assertEquals(child.get("account_sid").asText(), CallSummary.fetcher(below).fetch(CLIENT).getAccountSid());
        TwilioRestClient theirs = Seeded.connect(child.get("account_sid").asText(), child.get("auth_token").asText());
        Seeded.refused(404, 20404, () -> CallSummary.fetcher(NEWEST_FIRST.get(0)).fetch(theirs));
    }

    @Test
    void anApiKeySignsIn() {
        JsonNode key = MANIFEST.get("api_key");
        TwilioRestClient client = Seeded.connect(key.get("key_sid").asText(), key.get("secret").asText());
        assertEquals(NEWEST_FIRST.get(0), CallSummary.fetcher(NEWEST_FIRST.get(0)).fetch(client).getCallSid());
    }

    @Test
    void errors() {
        Seeded.refused(404, 20404, () -> CallSummary.fetcher(UNKNOWN).fetch(CLIENT));
        Seeded.refused(404, 20404, () -> Annotation.fetcher(UNKNOWN).fetch(CLIENT));
        Seeded.refused(404, 20404, () -> Event.reader(UNKNOWN).read(CLIENT));
        Seeded.refused(404, 17001, () -> CallSummary.fetcher(MANIFEST.get("running").get(0).asText()).fetch(CLIENT));
        Seeded.refused(400, 17400, () -> CallSummaries.reader().setStartTime("yesterday").read(CLIENT));
        Seeded.refused(400, 20001, () -> Annotation.updater(Seeded.scratch(1)).setComment("x".repeat(101)).update(CLIENT));
        TwilioRestClient wrong = Seeded.connect(MANIFEST.get("parent").get("account_sid").asText(), "wrong");
        Seeded.refused(401, 20003, () -> CallSummary.fetcher(NEWEST_FIRST.get(0)).fetch(wrong));
    }
}
