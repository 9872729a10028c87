package io.softshare.safetensors;

import static org.junit.jupiter.api.Assertions.assertFalse;

import io.softshare.Seeds;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Small safetensors files with every type and metadata. */
class SafetensorsSeedsTest {
    @Test
    void files() throws Exception {
        StringBuilder types = new StringBuilder("{\"__metadata__\":{\"format\":\"pt\"}");
        int at = 0;
        for (ElementType type : ElementType.values()) {
            types.append(String.format(
                    ",\"%s\":{\"dtype\":\"%1$s\",\"shape\":[1,2],\"data_offsets\":[%d,%d]}",
                    type, at, at + 2 * type.bytes()));
            at += 2 * type.bytes();
        }
        String layer = "{\"m.fc1.weight\":{\"dtype\":\"F16\",\"shape\":[2,3],\"data_offsets\":[0,12]},"
                + "\"m.fc1.bias\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[12,14]}}";
        List<Seeds.Seed> seeds =
                List.of(new Seeds.Seed("types", file(types + "}", at)), new Seeds.Seed("layer", file(layer, 14)));
        Seeds.check(
                SafetensorsFuzzTest.class,
                "anyBytes",
                seeds,
                data -> assertFalse(SafetensorsReader.read(data, SafetensorsReader.LIMITS)
                        .tensors()
                        .isEmpty()));
    }

    /** The header ends in a line feed: the target takes the first one as its end. */
    private static byte[] file(String header, int values) {
        byte[] json = (header + "\n").getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .array());
        out.writeBytes(json);
        for (int i = 0; i < values; i++) {
            out.write(i * 7 + 1);
        }
        return out.toByteArray();
    }
}
