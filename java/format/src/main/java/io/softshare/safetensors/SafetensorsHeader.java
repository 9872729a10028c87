package io.softshare.safetensors;

import io.softshare.codec.Limits;
import io.softshare.json.Json;
import io.softshare.json.JsonException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the header says, checked against the size of the file.
 *
 * @param entries in the order in which their values lie
 * @param metadata the text beside the tensors, may be empty
 */
record SafetensorsHeader(List<Entry> entries, Map<String, String> metadata) {
    /** Longest header; the format's own limit. */
    static final int MAX_BYTES = 100_000_000;

    /** Values of JSON that one tensor takes at most, if it has no more than ten dimensions. */
    private static final int VALUES_PER_TENSOR = 16;

    /** Values of JSON beside tensors: metadata. */
    private static final int OTHER_VALUES = 10_000;

    static final String METADATA = "__metadata__";

    /** One tensor: its values lie in {@code [begin, end)} after the header. */
    record Entry(String name, ElementType type, List<Long> shape, long begin, long end) {
        int size() {
            return (int) ((end - begin) / type.bytes());
        }
    }

    /**
     * @param json the header as it is in the file
     * @param dataBytes bytes after it
     */
    static SafetensorsHeader parse(byte[] json, long dataBytes, Limits limits) throws SafetensorsException {
        if (json.length == 0 || json[0] != '{') {
            throw new SafetensorsException("the header begins with '{' in a safetensors file; this is none");
        }
        Map<?, ?> object;
        try {
            long values = (long) VALUES_PER_TENSOR * limits.tensors() + OTHER_VALUES;
            object = (Map<?, ?>) Json.parse(json, MAX_BYTES, (int) Math.min(values, Integer.MAX_VALUE));
        } catch (JsonException e) {
            throw new SafetensorsException("header " + e.getMessage(), e);
        }
        Map<String, String> metadata = new LinkedHashMap<>();
        List<Entry> entries = new ArrayList<>();
        for (Map.Entry<?, ?> member : object.entrySet()) {
            String name = (String) member.getKey();
            if (name.equals(METADATA)) {
                readMetadata(member.getValue(), metadata);
            } else {
                entries.add(entry(name, member.getValue(), dataBytes));
                if (entries.size() > limits.tensors()) {
                    throw new SafetensorsException("expected at most " + limits.tensors() + " tensors, found more");
                }
                // A character takes three bytes of UTF-8 at most.
                if (name.length() > limits.nameBytes() / 3
                        && name.getBytes(StandardCharsets.UTF_8).length > limits.nameBytes()) {
                    throw new SafetensorsException("tensor " + quote(name) + ": expected a name of at most "
                            + limits.nameBytes() + " bytes, found a longer one");
                }
            }
        }
        // Tensors without values may share a place with others; they come first there.
        entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        long at = 0;
        for (Entry entry : entries) {
            if (entry.begin() != at) {
                throw new SafetensorsException("tensor " + quote(entry.name()) + ": expected to begin at byte " + at
                        + " of the values, where the one before ends, found " + entry.begin());
            }
            at = entry.end();
        }
        if (at != dataBytes) {
            throw new SafetensorsException("expected " + at + " bytes of values by the header, found " + dataBytes
                    + "; the file is cut or damaged");
        }
        return new SafetensorsHeader(List.copyOf(entries), metadata);
    }

    private static void readMetadata(Object value, Map<String, String> metadata) throws SafetensorsException {
        if (!(value instanceof Map<?, ?> map)) {
            throw new SafetensorsException(METADATA + ": expected an object of strings");
        }
        for (Map.Entry<?, ?> member : map.entrySet()) {
            if (!(member.getValue() instanceof String text)) {
                throw new SafetensorsException(METADATA + ": expected a string as " + quote((String) member.getKey()));
            }
            metadata.put((String) member.getKey(), text);
        }
    }

    private static Entry entry(String name, Object value, long dataBytes) throws SafetensorsException {
        String where = "tensor " + quote(name) + ": ";
        if (!(value instanceof Map<?, ?> map) || !map.keySet().equals(Set.of("dtype", "shape", "data_offsets"))) {
            throw new SafetensorsException(where + "expected an object of dtype, shape and data_offsets");
        }
        ElementType type = map.get("dtype") instanceof String text
                ? ElementType.byName(text).orElse(null)
                : null;
        if (type == null) {
            throw new SafetensorsException(
                    where + "expected a known type such as F32, found " + quote(String.valueOf(map.get("dtype"))));
        }
        List<Long> shape = wholeNumbers(map.get("shape"), where + "shape");
        List<Long> place = wholeNumbers(map.get("data_offsets"), where + "data_offsets");
        if (place.size() != 2 || place.get(0) > place.get(1) || place.get(1) > dataBytes) {
            throw new SafetensorsException(where + "expected data_offsets within the " + dataBytes
                    + " bytes of values, found " + brief(place));
        }
        long elements = NamedTensor.elements(shape);
        long bytes = place.get(1) - place.get(0);
        if (elements < 0 || elements * type.bytes() != bytes) {
            throw new SafetensorsException(
                    where + "shape " + brief(shape) + " of " + type + " does not take the " + bytes + " bytes it has");
        }
        return new Entry(name, type, shape, place.get(0), place.get(1));
    }

    private static List<Long> wholeNumbers(Object value, String what) throws SafetensorsException {
        List<Long> numbers = new ArrayList<>();
        if (value instanceof List<?> list) {
            for (Object item : list) {
                if (item instanceof Long number && number >= 0) {
                    numbers.add(number);
                }
            }
            if (numbers.size() == list.size()) {
                return numbers;
            }
        }
        throw new SafetensorsException(what + ": expected a list of whole numbers from 0 on");
    }

    /** Whole numbers from a file, fit for a line of text. */
    static String brief(List<Long> numbers) {
        return numbers.size() <= 8 ? numbers.toString() : numbers.size() + " numbers";
    }

    /** A name from a file, fit for a line of text. */
    static String quote(String name) {
        String shown = Json.write(name.length() <= 100 ? name : name.substring(0, 100) + "…");
        return shown.substring(1, shown.length() - 1);
    }
}
