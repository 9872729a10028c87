package io.softshare.onnx;

import io.softshare.graph.Preprocessing;
import io.softshare.graph.Preprocessing.ChannelOrder;
import io.softshare.graph.Preprocessing.Layout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** What a model's metadata says of its images: for people, and so that a file that we wrote comes back whole. */
final class Metadata {
    private static final String MEAN = "softshare.mean";
    private static final String SCALE = "softshare.scale";
    private static final String ORDER = "softshare.channel_order";

    private Metadata() {}

    static Map<String, String> of(Preprocessing p) {
        Map<String, String> entries = new LinkedHashMap<>();
        entries.put(MEAN, text(p.mean()));
        entries.put(SCALE, text(p.scale()));
        entries.put(ORDER, p.order().name().toLowerCase(Locale.ROOT));
        return entries;
    }

    /** One number where all are equal. */
    private static String text(List<Float> values) {
        boolean equal = Collections.frequency(values, values.get(0)) == values.size();
        return (equal ? values.subList(0, 1) : values)
                .stream().map(String::valueOf).collect(Collectors.joining(","));
    }

    static Preprocessing preprocessing(Map<String, String> entries, int channels, Layout layout) throws OnnxException {
        Preprocessing usual = Preprocessing.unit(channels);
        String order = entries.getOrDefault(ORDER, "rgb");
        try {
            return new Preprocessing(
                    values(entries.get(MEAN), channels, usual.mean()),
                    values(entries.get(SCALE), channels, usual.scale()),
                    ChannelOrder.valueOf(order.toUpperCase(Locale.ROOT)),
                    layout);
        } catch (IllegalArgumentException e) {
            throw new OnnxException(
                    "its metadata say nothing sensible of mean, scale and channel order; remove them: "
                            + OnnxException.quote(String.valueOf(e.getMessage())),
                    e);
        }
    }

    private static List<Float> values(String text, int channels, List<Float> usual) {
        if (text == null) {
            return usual;
        }
        List<Float> values = new ArrayList<>();
        for (String number : text.split(",", -1)) {
            values.add(Float.parseFloat(number));
        }
        if (values.size() == 1) {
            return Collections.nCopies(channels, values.get(0));
        }
        if (values.size() != channels) {
            throw new IllegalArgumentException(values.size() + " values for " + channels + " channels");
        }
        return values;
    }
}
