package io.softshare.simplify;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A network whose layers' weights are alike in size.
 *
 * @param tensors all tensors by name, new arrays
 * @param layers convolutions and linear layers that have a weight other than zero, in the graph's order
 */
public record Equalised(Map<String, float[]> tensors, List<Layer> layers) {
    /**
     * One layer.
     *
     * @param node its name
     * @param factor its weights were multiplied by this
     * @param before root of the weights' mean square
     * @param after the same afterwards
     */
    public record Layer(String node, double factor, double before, double after) {}

    /** What was done, for people. */
    public String describe() {
        double[] before = layers.stream().mapToDouble(Layer::before).sorted().toArray();
        double[] after = layers.stream().mapToDouble(Layer::after).sorted().toArray();
        return layers.isEmpty()
                ? "equalised nothing: no layer has a weight other than zero"
                : String.format(
                        Locale.ROOT,
                        "equalised layers: root mean square of their weights from %.4f … %.4f to %.4f … %.4f",
                        before[0],
                        before[before.length - 1],
                        after[0],
                        after[after.length - 1]);
    }
}
