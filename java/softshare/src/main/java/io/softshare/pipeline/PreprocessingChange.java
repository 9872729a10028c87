package io.softshare.pipeline;

import io.softshare.graph.Graph;
import io.softshare.graph.GraphException;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.Preprocessing.ChannelOrder;
import io.softshare.graph.Preprocessing.Layout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * How images are to be prepared, where someone says so; what is null stays as the network has it.
 *
 * @param mean for all channels, or one each; scale likewise
 */
public record PreprocessingChange(List<Float> mean, List<Float> scale, ChannelOrder order, Layout layout) {
    /** Nothing is changed. */
    public static final PreprocessingChange NONE = new PreprocessingChange(null, null, null, null);

    /**
     * From the texts of options, each of which may be null.
     *
     * @throws RecipeException naming the option that says nothing sensible
     */
    public static PreprocessingChange parse(String mean, String scale, String order, String layout) {
        return new PreprocessingChange(
                numbers("--mean", mean),
                numbers("--scale", scale),
                order == null ? null : one("--channel-order", order, ChannelOrder.RGB, ChannelOrder.BGR),
                layout == null ? null : one("--layout", layout, Layout.NCHW, Layout.NHWC));
    }

    private static List<Float> numbers(String option, String text) {
        if (text == null) {
            return null;
        }
        List<Float> values = new ArrayList<>();
        for (String number : text.split(",", -1)) {
            try {
                values.add(Float.parseFloat(number.strip()));
            } catch (NumberFormatException e) {
                throw new RecipeException(option + " is " + text
                        + ", expected numbers with commas between, such as 33.3 or" + " 125.3,123,113.9");
            }
        }
        return values;
    }

    @SafeVarargs
    private static <E extends Enum<E>> E one(String option, String text, E... expected) {
        List<String> names = new ArrayList<>();
        for (E value : expected) {
            names.add(value.name().toLowerCase(Locale.ROOT));
            if (names.get(names.size() - 1).equals(text)) {
                return value;
            }
        }
        throw new RecipeException(option + " is " + text + ", expected " + String.join(" or ", names));
    }

    /** The network with it. @param fixedLayout the network's layout comes from an ONNX file, which has just one */
    Graph applyTo(Graph graph, boolean fixedLayout) {
        Preprocessing p = graph.preprocessing();
        if (fixedLayout && layout != null && layout != p.layout()) {
            throw new RecipeException(
                    "--layout is " + layout.name().toLowerCase(Locale.ROOT) + ", but the model's file takes "
                            + p.layout().name().toLowerCase(Locale.ROOT) + "; leave the option out");
        }
        try {
            return graph.with(new Preprocessing(
                    each("--mean", mean, p.mean()),
                    each("--scale", scale, p.scale()),
                    order == null ? p.order() : order,
                    layout == null ? p.layout() : layout));
        } catch (GraphException e) {
            throw new RecipeException(e.getMessage() + "; check --mean, --scale and --channel-order");
        }
    }

    private static List<Float> each(String option, List<Float> given, List<Float> usual) {
        if (given == null) {
            return usual;
        }
        if (given.size() == 1) {
            return Collections.nCopies(usual.size(), given.get(0));
        }
        if (given.size() != usual.size()) {
            throw new RecipeException(option + " has " + given.size() + " numbers, expected 1 or one for each of the "
                    + usual.size() + " channels");
        }
        return given;
    }
}
