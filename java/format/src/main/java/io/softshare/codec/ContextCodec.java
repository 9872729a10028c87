package io.softshare.codec;

import io.softshare.graph.TensorSpec;
import java.util.ArrayList;
import java.util.List;

/** The default: one adaptive arithmetic code over everything, with mixed contexts for the zero map. */
final class ContextCodec implements Codec {
    private final String name;
    private final int quickFrom;

    /** @param quickFrom non-zero weights of a tensor from which on its zero map is coded in the quick form */
    ContextCodec(String name, int quickFrom) {
        this.name = name;
        this.quickFrom = quickFrom;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int id() {
        return 2;
    }

    @Override
    public Encoded encode(List<CompressedTensor> tensors) {
        RangeEncoder coder = new RangeEncoder(true);
        CostMeter meter = new CostMeter(coder::position);
        ContextSession session = new ContextSession(coder, meter, true, quickFrom, Long.MAX_VALUE);
        for (CompressedTensor tensor : tensors) {
            if (!session.code(tensor.spec(), tensor)) {
                throw new AssertionError("a tensor that exists can be coded: " + tensor);
            }
        }
        return new Encoded(coder.finish(), meter.costs());
    }

    @Override
    public Decoded decode(List<TensorSpec> specs, byte[] file, int from, int to, Limits limits)
            throws MalformedFileException {
        RangeDecoder coder = new RangeDecoder(file, from, to);
        CostMeter meter = new CostMeter(coder::position);
        ContextSession session = new ContextSession(coder, meter, false, 0, limits.codebookValues());
        List<CompressedTensor> tensors = new ArrayList<>();
        for (TensorSpec spec : specs) {
            if (!session.code(spec, null)) {
                if (session.beyondLimit()) {
                    throw new LimitException(
                            Math.min(coder.offset(), to), "codebook values", limits.codebookValues(), "more");
                }
                throw new MalformedFileException(
                        Math.min(coder.offset(), to), "values of " + spec.name() + " within their range", "others");
            }
            coder.check();
            tensors.add(session.last());
        }
        coder.checkEnd();
        return new Decoded(List.copyOf(tensors), meter.costs());
    }
}
