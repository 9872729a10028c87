package io.softshare.json;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.softshare.Allocation;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Timeout;

/** Any bytes as JSON: what is read and written is read as the same. */
class JsonFuzzTest {
    private static final long SHARE = 200;
    private static final long FIXED = 1 << 18;

    @FuzzTest
    @Timeout(20)
    void anyBytes(byte[] utf8) {
        Object value;
        try {
            value = Allocation.within(FIXED + SHARE * utf8.length, () -> Json.parse(utf8, 1 << 16));
        } catch (JsonException e) {
            if (e.getMessage().length() > 1000 || e.getMessage().chars().anyMatch(Character::isISOControl)) {
                throw new AssertionError("a refusal is one short line of text", e);
            }
            return;
        }
        byte[] again = Json.write(value).getBytes(StandardCharsets.UTF_8);
        Object back = Json.parse(again, Integer.MAX_VALUE);
        if (value == null ? back != null : !value.equals(back)) {
            throw new AssertionError("written and read again, it is another value: " + Json.write(value));
        }
    }
}
