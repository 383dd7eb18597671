import com.twilio.http.TwilioRestClient;
import com.twilio.rest.events.v1.EventType;
import com.twilio.rest.events.v1.Schema;
import com.twilio.rest.events.v1.Sink;
import com.twilio.rest.events.v1.Subscription;
import com.twilio.rest.events.v1.schema.SchemaVersion;
import com.twilio.rest.events.v1.subscription.SubscribedEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Event Streams: a sink and a subscription of everything, made and taken apart again. */
class EventsTest {
    static final TwilioRestClient CLIENT = Seeded.parent();

    @Test
    void sinkAndSubscription() {
        Map<String, Object> configuration = Map.of("destination", "http://127.0.0.1:9/", "method", "POST");
        Sink sink = Sink.creator("java", configuration, Sink.SinkType.WEBHOOK).create(CLIENT);
        assertEquals(configuration, sink.getSinkConfiguration());
        assertEquals("active", sink.getStatus().toString());
        assertEquals("night shift", Sink.updater(sink.getSid(), "night shift").update(CLIENT).getDescription());

        List<Map<String, Object>> types = new ArrayList<>();
        for (EventType known : EventType.reader().pageSize(3).read(CLIENT)) {
            int version = Schema.fetcher(known.getSchemaId()).fetch(CLIENT).getLatestVersion();
            types.add(Map.of("type", known.getType(), "schema_version", version));
        }
        assertEquals(9, types.size());
        String sid = Subscription.creator("java", sink.getSid(), types).create(CLIENT).getSid();
        Seeded.refused(400, 20001, () -> Subscription.creator("java", sink.getSid(), types).create(CLIENT));
        Seeded.refused(400, 20001, () -> Sink.deleter(sink.getSid()).delete(CLIENT));
        for (Subscription listed : Subscription.reader().setSinkSid(sink.getSid()).read(CLIENT)) assertEquals(sid, listed.getSid());
        List<Map<String, Object>> subscribed = new ArrayList<>();
        for (SubscribedEvent each : SubscribedEvent.reader(sid).pageSize(2).read(CLIENT)) {
            subscribed.add(Map.of("type", each.getType(), "schema_version", each.getSchemaVersion()));
            assertTrue(SubscribedEvent.deleter(sid, each.getType()).delete(CLIENT));
        }
        assertEquals(types, subscribed);
        int versions = 0;
        for (SchemaVersion version : SchemaVersion.reader("VoiceInsights.CallSummary").pageSize(3).read(CLIENT)) {
            assertEquals(++versions, version.getSchemaVersion());
        }
        assertEquals(7, versions);

        assertTrue(Subscription.deleter(sid).delete(CLIENT));
        assertTrue(Sink.deleter(sink.getSid()).delete(CLIENT));
        Seeded.refused(404, 20404, () -> Sink.fetcher(sink.getSid()).fetch(CLIENT));
    }
}
