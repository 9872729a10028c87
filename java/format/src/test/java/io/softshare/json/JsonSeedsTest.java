package io.softshare.json;

import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.softshare.Seeds;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Texts with every kind of value. */
class JsonSeedsTest {
    @Test
    void texts() throws Exception {
        String every =
                " {\"a\": [1, -2.5e-3, 9223372036854775808, true, false, null], \"b\\u00e9\\n\": {\"c\": \"\\ud83d\"}}\n";
        List<Seeds.Seed> seeds = List.of(
                new Seeds.Seed("every", every.getBytes(StandardCharsets.UTF_8)),
                new Seeds.Seed("deep", "[[[[[{\"ä\":[]}]]]]]".getBytes(StandardCharsets.UTF_8)));
        Seeds.check(JsonFuzzTest.class, "anyBytes", seeds, data -> assertNotNull(Json.parse(data, 1000)));
    }
}
