package io.softshare.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class JsonTest {
    enum Colour {
        RED
    }

    record Point(int x, double y, List<String> names) {}

    @Example
    void readsEveryKindOfValue() {
        Object value = Json.parse(" {\"a\": [1, -2.5, 1e3, true, false, null, \"x\"], \"b\": {}, \"c\": []} \n");
        Map<String, Object> expected = new LinkedHashMap<>();
        expected.put("a", Arrays.asList(1L, -2.5, 1000.0, true, false, null, "x"));
        expected.put("b", Map.of());
        expected.put("c", List.of());
        assertEquals(expected, value);
        assertEquals("[a, b, c]", ((Map<?, ?>) value).keySet().toString());
    }

    @Example
    void numbers() {
        assertEquals(Long.MAX_VALUE, Json.parse("9223372036854775807"));
        assertEquals(Long.MIN_VALUE, Json.parse("-9223372036854775808"));
        assertEquals(9.223372036854775808e18, Json.parse("9223372036854775808"));
        assertEquals(-0.0, Json.parse("-0"));
        assertEquals(0L, Json.parse("0"));
        assertEquals(0.0, Json.parse("1e-400"));
        for (String wrong :
                new String[] {"01", "+1", ".5", "1.", "1e", "1e+", "-", "--1", "0x1", "NaN", "Infinity", "1e999"}) {
            assertThrows(JsonException.class, () -> Json.parse(wrong), wrong);
        }
    }

    @Example
    void escapes() {
        assertEquals("\"\\/\b\f\n\r\tAé😀", Json.parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00E9\\uD83D\\ude00\""));
        for (String wrong :
                new String[] {"\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"", "\"\0\"", "'a'"}) {
            assertThrows(JsonException.class, () -> Json.parse(wrong), wrong);
        }
    }

    @Example
    void brokenStructure() {
        for (String wrong : new String[] {
            "",
            " ",
            "{",
            "[",
            "[1",
            "[1,",
            "[1,]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "[1 2]",
            "1 2",
            "tru",
            "nulll",
            "]",
            "{\"a\":1,\"a\":2}",
            "\uFEFF1",
            "[1]//x"
        }) {
            JsonException e = assertThrows(JsonException.class, () -> Json.parse(wrong), wrong);
            assertTrue(e.getMessage().contains("expected") && !e.getMessage().contains("\n"), e.getMessage());
            assertTrue(e.offset() <= wrong.length());
        }
    }

    @Example
    void depthIsLimitedWhateverTheLength() {
        int most = Json.MAX_DEPTH;
        Json.parse("[".repeat(most) + "]".repeat(most));
        assertThrows(JsonException.class, () -> Json.parse("[".repeat(most + 1) + "]".repeat(most + 1)));
        assertThrows(JsonException.class, () -> Json.parse("[".repeat(3_000_000)));
        assertThrows(JsonException.class, () -> Json.parse("{\"a\":".repeat(1_000_000)));
    }

    @Example
    void lengthAndEncodingAreChecked() {
        assertThrows(JsonException.class, () -> Json.parse("[1,2,3]", 6));
        byte[] four = "[1,2,3]".getBytes(StandardCharsets.UTF_8);
        assertEquals(List.of(1L, 2L, 3L), Json.parse(four, 7, 4));
        assertThrows(JsonException.class, () -> Json.parse(four, 7, 3));
        assertThrows(JsonException.class, () -> Json.parse(new byte[] {'"', (byte) 0xC3, '"'}, 100));
        assertThrows(JsonException.class, () -> Json.parse(new byte[101], 100));
        assertEquals("é", Json.parse("\"é\"".getBytes(StandardCharsets.UTF_8), 100));
    }

    @Example
    void writesRecordsEnumsAndArrays() {
        assertEquals("{\"x\":3,\"y\":0.5,\"names\":[\"a\"]}", Json.write(new Point(3, 0.5, List.of("a"))));
        assertEquals("[\"RED\",[1,2],[0.1,null]]", Json.write(List.of(Colour.RED, new int[] {1, 2}, new float[] {
            0.1f, Float.NaN
        })));
        assertEquals(
                "{\n  \"a\": [\n    1\n  ],\n  \"b\": {}\n}\n",
                Json.writePretty(new LinkedHashMap<>(new java.util.TreeMap<>(Map.of("a", List.of(1), "b", Map.of())))));
        assertThrows(IllegalArgumentException.class, () -> Json.write(new Object()));
        List<Object> loop = new java.util.ArrayList<>();
        loop.add(loop);
        assertThrows(IllegalArgumentException.class, () -> Json.write(loop));
    }

    @Property(tries = 500, seed = "2017")
    void doublesComeBack(@ForAll double value) {
        if (Double.isFinite(value)) {
            assertEquals(value, ((Number) Json.parse(Json.write(value))).doubleValue());
            assertTrue(Json.write(value).length() <= Double.toString(value).length() + 1, Json.write(value));
        }
    }

    @Property(tries = 500, seed = "2017")
    void floatsComeBack(@ForAll float value) {
        if (Float.isFinite(value)) {
            assertEquals(value, Float.parseFloat(Json.write(value)));
        }
    }

    @Property(tries = 500, seed = "2017")
    void stringsComeBackThroughUtf8(@ForAll String value) {
        byte[] utf8 = Json.write(Map.of(value, List.of(value))).getBytes(StandardCharsets.UTF_8);
        assertEquals(Map.of(value, List.of(value)), Json.parse(utf8, 1 << 20));
    }

    @Property(tries = 1000, seed = "2017")
    void anyTextIsReadOrRefused(@ForAll String text) {
        try {
            Json.parse(text);
        } catch (JsonException refused) {
            assertTrue(refused.offset() <= text.length());
        }
    }

    @Example
    void messagesAreOneShortLine() {
        String long1 = "9".repeat(5000) + "e99999";
        for (String wrong : new String[] {"{\"a\\n\":1,\"a\\n\":1}", "[\u0085]", long1}) {
            String message =
                    assertThrows(JsonException.class, () -> Json.parse(wrong)).getMessage();
            assertTrue(message.length() < 300 && message.chars().noneMatch(Character::isISOControl), message);
        }
        assertEquals("\"\\u0085\\u2028\\u007f\"", Json.write("\u0085\u2028\u007f"));
    }
}
