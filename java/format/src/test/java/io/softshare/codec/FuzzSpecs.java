package io.softshare.codec;

import io.softshare.graph.TensorRole;
import io.softshare.graph.TensorSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Tensors' roles and shapes from the first bytes of a fuzzer's input; past its end there are zeros. */
final class FuzzSpecs {
    private static final int MOST_TENSORS = 6;
    private static final int MOST_ELEMENTS = 600;

    /** Every way to code there is: the context codec's forms of the zero map are chosen by size, here by hand. */
    static final List<Codec> CODECS = List.of(
            new ContextCodec("context-best", Integer.MAX_VALUE), new ContextCodec("quick", 0), new CsrHuffmanCodec());

    private final byte[] data;
    private int at;

    FuzzSpecs(byte[] data) {
        this.data = data;
    }

    /** A number below {@code bound}, which is at most 256. */
    int next(int bound) {
        return at < data.length ? (data[at++] & 0xFF) % bound : 0;
    }

    /** A byte for how many, then for each its role and dimensions. */
    List<TensorSpec> specs() {
        List<TensorSpec> specs = new ArrayList<>();
        for (int count = 1 + next(MOST_TENSORS); specs.size() < count; ) {
            TensorRole role = TensorRole.values()[next(TensorRole.values().length)];
            List<Integer> shape = new ArrayList<>(List.of(1 + next(40)));
            if (role == TensorRole.WEIGHT) {
                shape.add(1 + next(40));
                if (next(2) == 1) {
                    shape.add(1 + next(7));
                    shape.add(1 + next(7));
                }
            }
            TensorSpec spec = new TensorSpec("t" + specs.size(), role, shape);
            if (spec.size() > MOST_ELEMENTS) {
                spec = new TensorSpec(spec.name(), role, role == TensorRole.WEIGHT ? List.of(20, 30) : List.of(40));
            }
            specs.add(spec);
        }
        return specs;
    }

    byte[] rest() {
        return Arrays.copyOfRange(data, at, data.length);
    }
}
