import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.twilio.exception.ApiException;
import com.twilio.http.TwilioRestClient;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

/** What the seed wrote down; see ../seed. */
final class Seeded {
    static final ObjectMapper JSON = new ObjectMapper();
    static final JsonNode MANIFEST = read();
    /** As run.sh names it: java9, java10. */
    static final String CLIENT = System.getenv("SIDETONE_CLIENT");

    private Seeded() {}

    private static JsonNode read() {
        try {
            return JSON.readTree(Path.of(System.getenv("SIDETONE_MANIFEST")).toFile());
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    static TwilioRestClient connect(String user, String password) {
        try {
            return Sidetone.connect(MANIFEST.get("url").asText(), user, password);
        } catch (java.net.MalformedURLException e) {
            throw new IllegalArgumentException(e);
        }
    }

    static TwilioRestClient parent() {
        JsonNode parent = MANIFEST.get("parent");
        return connect(parent.get("account_sid").asText(), parent.get("auth_token").asText());
    }

    static String scratch(int n) {
        return MANIFEST.get("scratch").get(CLIENT).get(n).asText();
    }

    static List<String> texts(JsonNode list) {
        List<String> found = new ArrayList<>();
        list.forEach(each -> found.add(each.asText()));
        return found;
    }

    /** Every seeded value is there; keys beyond the seeded ones are allowed. */
    static void holds(JsonNode expected, Object actual, String path) {
        if (expected.isObject()) {
            JsonNode found = JSON.valueToTree(actual);
            expected.fields().forEachRemaining(field ->
                holds(field.getValue(), found.get(field.getKey()), path + "." + field.getKey()));
        } else if (expected.isNumber()) {
            assertEquals(expected.doubleValue(), JSON.<JsonNode>valueToTree(actual).doubleValue(), path);
        } else {
            JsonNode found = JSON.valueToTree(actual);
            assertEquals(expected, found == null ? JSON.nullNode() : found, path);
        }
    }

    /** The status and the code are what callers branch on. */
    static void refused(int status, int code, org.junit.jupiter.api.function.Executable action) {
        ApiException refusal = assertThrows(ApiException.class, action);
        assertEquals(List.of(status, code), List.of(refusal.getStatusCode(), refusal.getCode()), refusal.getMessage());
        assertNotNull(refusal.getMoreInfo());
    }
}
