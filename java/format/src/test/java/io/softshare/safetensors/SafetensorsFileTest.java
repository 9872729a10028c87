package io.softshare.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.codec.Limits;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsFileTest {
    @TempDir
    Path folder;

    private Path file(String header, byte[] data) throws Exception {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer out = ByteBuffer.allocate(8 + json.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(json.length).put(json).put(data);
        return Files.write(folder.resolve("x.safetensors"), out.array());
    }

    private static String entry(String name, String type, String shape, long begin, long end) {
        return "\"" + name + "\":{\"dtype\":\"" + type + "\",\"shape\":" + shape + ",\"data_offsets\":[" + begin + ","
                + end + "]}";
    }

    @Test
    void writesAndReadsAnyShape() throws Exception {
        float[] large = new float[40_000];
        for (int i = 0; i < large.length; i++) {
            large[i] = i * 0.37f - 5;
        }
        float[] odd = {-0f, Float.MIN_VALUE, Float.NEGATIVE_INFINITY};
        StateDict dict = new StateDict(
                List.of(
                        new NamedTensor("z.\"ä\"", List.of(3L, 1L), odd),
                        new NamedTensor("none", List.of(2L, 0L), new float[0]),
                        new NamedTensor("one", List.of(), new float[] {7}),
                        new NamedTensor("large", List.of(200L, 200L), large)),
                Map.of("format", "pt"));
        Path path = folder.resolve("w.safetensors");
        dict.write(path);
        byte[] bytes = Files.readAllBytes(path);
        assertEquals(0, ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong() % 8);
        StateDict back = StateDict.read(path);
        assertEquals(dict.metadata(), back.metadata());
        assertEquals(4, back.tensors().size());
        for (int i = 0; i < 4; i++) {
            assertEquals(dict.tensors().get(i).name(), back.tensors().get(i).name());
            assertEquals(dict.tensors().get(i).shape(), back.tensors().get(i).shape());
            assertArrayEquals(
                    dict.tensors().get(i).values(), back.tensors().get(i).values());
        }
        back.write(path);
        assertArrayEquals(bytes, Files.readAllBytes(path));
    }

    @Test
    void readsOtherFloatsAndPassesOverWholeNumbers() throws Exception {
        ByteBuffer data = ByteBuffer.allocate(30).order(ByteOrder.LITTLE_ENDIAN);
        data.putDouble(0.1).putLong(5).putShort((short) 0x3C00).putShort((short) 0xC000);
        data.putShort((short) 0x3F80)
                .putShort((short) 0xBF00)
                .putFloat(3)
                .put((byte) 1)
                .put((byte) 2);
        Path path = file(
                "{" + entry("b", "BF16", "[2]", 20, 24) + "," + entry("i", "I64", "[]", 8, 16) + ","
                        + entry("d", "F64", "[1]", 0, 8) + "," + entry("h", "F16", "[2,1]", 16, 20) + ","
                        + entry("u", "U8", "[2]", 28, 30) + "," + entry("f", "F32", "[]", 24, 28) + "}   ",
                data.array());
        List<NamedTensor> tensors = StateDict.read(path).tensors();
        assertEquals(
                List.of("d", "h", "b", "f"),
                tensors.stream().map(NamedTensor::name).toList());
        assertArrayEquals(new float[] {0.1f}, tensors.get(0).values());
        assertArrayEquals(new float[] {1, -2}, tensors.get(1).values());
        assertArrayEquals(new float[] {1, -0.5f}, tensors.get(2).values());
    }

    private SafetensorsException refused(Path path) {
        SafetensorsException e = assertThrows(SafetensorsException.class, () -> StateDict.read(path));
        assertFalse(e.getMessage().contains("\n"), e.getMessage());
        assertTrue(e.getMessage().length() < 600, e.getMessage());
        return e;
    }

    /** Headers over eight bytes of values. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                " {}",
                "{",
                "{}",
                "{\"a\":1}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"more\":1}}",
                "{\"a\":{\"dtype\":\"F33\",\"shape\":[2],\"data_offsets\":[0,8]}}",
                "{\"a\":{\"dtype\":4,\"shape\":[2],\"data_offsets\":[0,8]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,2],\"data_offsets\":[0,8]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1099511627776,16777218],\"data_offsets\":[0,8]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[9223372036854775800,9223372036854775807]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
                "{\"__metadata__\":{\"a\":1},\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
                "{\"__metadata__\":\"x\",\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}x"
            })
    void wrongHeaders(String header) throws Exception {
        refused(file(header, new byte[8]));
    }

    @Test
    void wrongLengths() throws Exception {
        for (long length : new long[] {-1, Long.MIN_VALUE, Long.MAX_VALUE, 9, 100_000_001, 1L << 32}) {
            byte[] bytes = ByteBuffer.allocate(16)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(length)
                    .array();
            refused(Files.write(folder.resolve("l"), bytes));
        }
        refused(Files.write(folder.resolve("l"), new byte[0]));
        refused(Files.write(folder.resolve("l"), "PK\3\4 a zip file".getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void everyTruncationIsRefusedAndEveryChangedHeaderByteHandled() throws Exception {
        Path path = folder.resolve("t");
        new StateDict(List.of(new NamedTensor("a", List.of(2L), new float[] {1, 2})), Map.of()).write(path);
        byte[] bytes = Files.readAllBytes(path);
        for (int length = 0; length < bytes.length; length++) {
            refused(Files.write(path, Arrays.copyOf(bytes, length)));
        }
        refused(Files.write(path, Arrays.copyOf(bytes, bytes.length + 1)));
        int read = 0;
        for (int at = 0; at < bytes.length - 8; at++) {
            for (int change = 1; change < 256; change += 2) {
                byte[] changed = bytes.clone();
                changed[at] ^= (byte) change;
                Files.write(path, changed);
                try {
                    read += StateDict.read(path).tensors().size(); // another name, or another type of that size
                } catch (SafetensorsException expected) {
                    assertFalse(expected.getMessage().contains("\n"), expected.getMessage());
                }
            }
        }
        assertTrue(read < (bytes.length - 8) * 128 / 10, read + " changes went unseen");
    }

    @Test
    void limitsAreKept() throws Exception {
        Path path = folder.resolve("t");
        List<NamedTensor> tensors = List.of(
                new NamedTensor("a", List.of(3L), new float[3]), new NamedTensor("bc", List.of(2L), new float[2]));
        new StateDict(tensors, Map.of()).write(path);
        byte[] bytes = Files.readAllBytes(path);
        Limits exact = SafetensorsReader.LIMITS
                .withFileBytes(bytes.length - 8 - 20)
                .withElements(5)
                .withTensors(2)
                .withNameBytes(2);
        assertEquals(2, StateDict.read(path, exact).tensors().size());
        for (Limits less : List.of(
                exact.withFileBytes(bytes.length - 8 - 21),
                exact.withElements(4),
                exact.withTensors(1),
                exact.withNameBytes(1))) {
            SafetensorsException e = assertThrows(SafetensorsException.class, () -> StateDict.read(path, less));
            assertTrue(e.getMessage().startsWith(path + ": "), e.getMessage());
            e = assertThrows(SafetensorsException.class, () -> SafetensorsReader.read(bytes, less));
            assertTrue(e.getMessage().contains(" at most "), e.getMessage());
        }
    }

    /** Two bytes of text for a hundred of memory: what a header may hold is counted, not only its bytes. */
    @Test
    void manySmallValuesAreRefused() {
        byte[] header = ("{\"a\":[" + "[],".repeat(1_000_000) + "[]]}").getBytes(StandardCharsets.UTF_8);
        byte[] bytes = ByteBuffer.allocate(8 + header.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .put(header)
                .array();
        SafetensorsException e =
                assertThrows(SafetensorsException.class, () -> SafetensorsReader.read(bytes, SafetensorsReader.LIMITS));
        assertTrue(e.getMessage().contains("values"), e.getMessage());
    }
}
