import com.fasterxml.jackson.databind.JsonNode;
import com.twilio.http.TwilioRestClient;
import com.twilio.rest.api.v2010.account.call.Feedback;
import com.twilio.rest.api.v2010.account.call.FeedbackSummary;
import java.time.LocalDate;
import java.util.List;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;

/** Call Feedback, in the version that still had it. */
class FeedbackTest {
    static final TwilioRestClient CLIENT = Seeded.parent();
    static final JsonNode MINE = Seeded.MANIFEST.get("feedback").get(Seeded.CLIENT);

    static void says(Feedback got, int score, String... issues) {
        assertEquals(score, got.getQualityScore());
        assertEquals(List.of(issues), got.getIssues().stream().map(Object::toString).toList());
    }

    @Test
    void createFetchUpdate() {
        String sid = MINE.get("rated").get(0).asText();
        Seeded.refused(404, 20404, () -> Feedback.fetcher(sid).fetch(CLIENT));
        Seeded.refused(400, 20001, () -> Feedback.updater(sid).update(CLIENT));
        says(Feedback.updater(sid).setQualityScore(2)
            .setIssue(List.of(Feedback.Issues.ONE_WAY_AUDIO, Feedback.Issues.DROPPED_CALL)).update(CLIENT), 2, "one-way-audio", "dropped-call");
        says(Feedback.updater(sid).setQualityScore(4).update(CLIENT), 4, "one-way-audio", "dropped-call");
        says(Feedback.fetcher(sid).fetch(CLIENT), 4, "one-way-audio", "dropped-call");
        Seeded.refused(404, 20404, () -> Feedback.fetcher(Seeded.MANIFEST.get("unknown").asText()).fetch(CLIENT));
    }

    @Test
    void summary() throws InterruptedException {
        List<String> calls = Seeded.texts(MINE.get("summed"));
        Feedback.updater(calls.get(0)).setQualityScore(1).setIssue(List.of(Feedback.Issues.AUDIO_LATENCY)).update(CLIENT);
        Feedback.updater(calls.get(1)).setQualityScore(4).update(CLIENT);
        LocalDate day = LocalDate.parse(MINE.get("day").asText());
        FeedbackSummary found = FeedbackSummary.creator(day, day).create(CLIENT);
        for (int n = 0; n < 100 && found.getStatus() != FeedbackSummary.Status.COMPLETED; n++) {
            Thread.sleep(100);
            found = FeedbackSummary.fetcher(found.getSid()).fetch(CLIENT);
        }
        assertEquals(List.of(calls.size(), 2, "2.5"),
            List.of(found.getCallCount(), found.getCallFeedbackCount(), found.getQualityScoreAverage().toString()));
    }
}
