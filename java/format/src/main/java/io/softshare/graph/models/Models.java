package io.softshare.graph.models;

import io.softshare.graph.Graph;
import io.softshare.graph.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;

/** The built-in networks by name. */
public final class Models {
    private static final Map<String, BiFunction<Shape, Integer, Graph>> MODELS = new LinkedHashMap<>();

    static {
        MODELS.put("lenet-300-100", LeNet300100::graph);
        MODELS.put("lenet-5", LeNet5::graph);
        MODELS.put("wrn-16-4", WideResNet16x4::graph);
    }

    private Models() {}

    /** Names in a fixed order, for messages. */
    public static List<String> names() {
        return List.copyOf(MODELS.keySet());
    }

    /**
     * The named network for images of the given shape, or empty if there is none of that name.
     *
     * @throws io.softshare.graph.GraphException if the network does not fit the images
     */
    public static Optional<Graph> find(String name, Shape input, int classes) {
        return Optional.ofNullable(MODELS.get(name)).map(make -> make.apply(input, classes));
    }
}
