package io.softshare.onnx;

import io.softshare.graph.Shape;
import io.softshare.onnx.OnnxModel.NodeProto;
import io.softshare.onnx.OnnxValue.Activation;
import io.softshare.onnx.OnnxValue.Weights;
import io.softshare.onnx.OnnxValue.Wholes;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;

/**
 * The nodes with which exporters compute the target of a reshape, or a bias of zeros, from shapes and constants. The number of
 * images stays open throughout.
 */
final class ShapeArithmetic {
    /** Values of all constants that are made by repeating one. */
    private static final int MOST_REPEATED = 1 << 20;

    /** The operators that are read here, where all they read is constant; Shape reads anything. */
    static final Set<String> OPERATORS = Set.of(
            "Constant",
            "Shape",
            "Gather",
            "Concat",
            "Unsqueeze",
            "Squeeze",
            "Reshape",
            "Cast",
            "CastLike",
            "Expand",
            "Slice",
            "Transpose",
            "Identity");

    private final Path model;
    private long repeatedLeft = MOST_REPEATED;

    ShapeArithmetic(Path model) {
        this.model = model;
    }

    /** What the node gives. @param in its inputs; null where one is left out */
    OnnxValue evaluate(NodeProto node, List<OnnxValue> in) throws OnnxException {
        Attributes a = new Attributes(node);
        OnnxValue value = switch (node.type()) {
            case "Constant" -> constant(node, a);
            case "Shape" -> shape(node, a, in.get(0));
            case "Gather" -> gather(node, a, wholes(node, in, 0), wholes(node, in, 1));
            case "Concat" -> concat(node, a, in);
            case "Unsqueeze" -> {
                a.ignore("axes");
                Wholes given = wholes(node, in, 0);
                yield given.scalar() ? new Wholes(given.values(), false) : refuse(node, "of a list");
            }
            case "Squeeze" -> {
                a.ignore("axes");
                Wholes given = wholes(node, in, 0);
                yield given.values().length == 1 ? new Wholes(given.values(), true) : refuse(node, "of a list");
            }
            case "Reshape" -> {
                a.ignore("allowzero");
                Wholes given = wholes(node, in, 0);
                Wholes to = wholes(node, in, 1);
                boolean one =
                        to.values().length == 1 && (to.values()[0] == -1 || to.values()[0] == given.values().length);
                boolean none = to.values().length == 0 && given.values().length == 1;
                yield one || none
                        ? new Wholes(given.values(), none)
                        : refuse(node, "to " + Wholes.describe(to.values()));
            }
            case "Slice" -> slice(node, wholes(node, in, 0), in);
            case "Cast", "CastLike", "Identity" -> {
                a.ignore("to", "saturate");
                yield in.get(0) instanceof Weights w
                        ? new Weights(w.tensor(), node.outputs().get(0), w.transposed(), w.computed())
                        : in.get(0);
            }
            case "Transpose" -> transpose(node, a, in.get(0));
            case "Expand" -> expand(node, in.get(0), wholes(node, in, 1));
            default -> throw new IllegalStateException(node.type());
        };
        a.done();
        return value;
    }

    private static OnnxValue refuse(NodeProto node, String what) throws OnnxException {
        throw new OnnxException(node.describe() + " " + what + " is not supported");
    }

    private Wholes wholes(NodeProto node, List<OnnxValue> in, int place) throws OnnxException {
        OnnxValue value = place < in.size() ? in.get(place) : null;
        if (value instanceof Wholes w) {
            return w;
        }
        throw new OnnxException(node.describe() + ": expected whole numbers as input " + place + ", found "
                + (value == null ? "none" : "floats"));
    }

    /** A constant tensor as a value. */
    OnnxValue of(OnnxTensor tensor, String name) throws OnnxException {
        boolean whole = tensor.type() == ElementTypes.INT64 || tensor.type() == ElementTypes.INT32;
        if (whole && tensor.dimensions().size() < 2) {
            return new Wholes(tensor.wholes(model), tensor.dimensions().isEmpty());
        }
        return new Weights(tensor, name, false, false);
    }

    private OnnxValue constant(NodeProto node, Attributes a) throws OnnxException {
        String name = node.outputs().get(0);
        if (a.has("value")) {
            return of(a.tensor("value"), name);
        } else if (a.has("value_int")) {
            return new Wholes(new long[] {a.whole("value_int", 0)}, true);
        } else if (a.has("value_ints")) {
            return new Wholes(
                    a.wholes("value_ints", List.of()).stream().mapToLong(v -> v).toArray(), false);
        } else if (a.has("value_float")) {
            return floats(name, List.of(), new float[] {a.number("value_float", 0)});
        } else if (a.has("value_floats")) {
            List<Float> values = a.numbers("value_floats");
            float[] array = new float[values.size()];
            for (int i = 0; i < array.length; i++) {
                array[i] = values.get(i);
            }
            return floats(name, List.of((long) array.length), array);
        }
        return refuse(node, "without a dense value");
    }

    private static Weights floats(String name, List<Long> dimensions, float[] values) {
        OnnxTensor.Packed packed = new OnnxTensor.Packed(values, new long[0], new double[0]);
        return new Weights(new OnnxTensor(name, dimensions, ElementTypes.FLOAT, null, packed, null), name, false, true);
    }

    private static OnnxValue shape(NodeProto node, Attributes a, OnnxValue of) throws OnnxException {
        List<Long> dimensions = new ArrayList<>();
        if (of instanceof Activation x) {
            Shape s = x.shape();
            dimensions.add(Wholes.BATCH);
            dimensions.addAll(
                    x.flat()
                            ? List.of((long) s.size())
                            : List.of((long) s.channels(), (long) s.height(), (long) s.width()));
        } else if (of instanceof Weights w) {
            dimensions.addAll(w.tensor().dimensions());
            if (w.transposed()) {
                Collections.reverse(dimensions);
            }
        } else if (of instanceof Wholes w && !w.scalar()) {
            dimensions.add((long) w.values().length);
        }
        int size = dimensions.size();
        int start = place(a.whole("start", 0), size);
        int end = place(a.whole("end", size), size);
        return new Wholes(
                dimensions.subList(Math.min(start, end), end).stream()
                        .mapToLong(d -> d)
                        .toArray(),
                false);
    }

    /** A place in a list, from the end where it is negative, held within it. */
    private static int place(long given, int size) {
        return (int) Math.max(0, Math.min(size, given < 0 ? given + size : given));
    }

    private static OnnxValue gather(NodeProto node, Attributes a, Wholes from, Wholes indices) throws OnnxException {
        a.require("axis", 0, 0);
        long[] taken = new long[indices.values().length];
        int size = from.values().length;
        for (int i = 0; i < taken.length; i++) {
            long index = indices.values()[i];
            if (from.scalar() || index < -size || index >= size) {
                return refuse(node, "of place " + index + " of " + size);
            }
            taken[i] = from.values()[(int) (index < 0 ? index + size : index)];
        }
        return new Wholes(taken, indices.scalar());
    }

    private OnnxValue concat(NodeProto node, Attributes a, List<OnnxValue> in) throws OnnxException {
        a.require("axis", 0, 0);
        long[] all = new long[0];
        for (int i = 0; i < in.size(); i++) {
            long[] part = wholes(node, in, i).values();
            if (all.length + part.length > OnnxLimits.WHOLE_NUMBERS) {
                return refuse(node, "of more than " + OnnxLimits.WHOLE_NUMBERS + " numbers");
            }
            int at = all.length;
            all = Arrays.copyOf(all, at + part.length);
            System.arraycopy(part, 0, all, at, part.length);
        }
        return new Wholes(all, false);
    }

    private OnnxValue slice(NodeProto node, Wholes given, List<OnnxValue> in) throws OnnxException {
        long[] starts = wholes(node, in, 1).values();
        long[] ends = wholes(node, in, 2).values();
        boolean plain = starts.length == 1 && ends.length == 1;
        for (int i = 3; i < in.size(); i++) { // axes 0, steps 1
            plain &= in.get(i) == null || Arrays.equals(wholes(node, in, i).values(), new long[] {i - 3});
        }
        if (!plain) {
            return refuse(node, "along other than one axis in steps of one");
        }
        int size = given.values().length;
        int start = place(starts[0], size);
        return new Wholes(Arrays.copyOfRange(given.values(), start, Math.max(start, place(ends[0], size))), false);
    }

    private static OnnxValue transpose(NodeProto node, Attributes a, OnnxValue given) throws OnnxException {
        List<Long> order = a.wholes("perm", List.of(1L, 0L));
        if (given instanceof Weights w && w.tensor().dimensions().size() == 2 && order.equals(List.of(1L, 0L))) {
            // The name of what is turned: it lies so in the file.
            return new Weights(w.tensor(), w.name(), !w.transposed(), w.computed());
        }
        return refuse(node, "of constants other than matrices");
    }

    private OnnxValue expand(NodeProto node, OnnxValue given, Wholes to) throws OnnxException {
        long size = 1;
        for (long d : to.values()) {
            size = d < 0 || d > MOST_REPEATED ? MOST_REPEATED + 1L : Math.min(size * d, MOST_REPEATED + 1L);
        }
        if (given instanceof Wholes list && size == 1 && list.values().length == 1) {
            return new Wholes(list.values(), false);
        }
        if (!(given instanceof Weights w) || w.tensor().size() != 1 || size > repeatedLeft) {
            return refuse(node, "to " + Wholes.describe(to.values()));
        }
        repeatedLeft -= size;
        float[] values = new float[(int) size];
        Arrays.fill(values, w.tensor().floats(model)[0]);
        return floats(node.outputs().get(0), Arrays.stream(to.values()).boxed().toList(), values);
    }
}
