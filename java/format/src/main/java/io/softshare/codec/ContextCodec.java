package io.softshare.codec;

import io.softshare.graph.TensorSpec;
import java.util.ArrayList;
import java.util.List;

/**
 * The default: one adaptive arithmetic code over everything. The zero map of a tensor has mixed contexts or, where it has many
 * weights, a quick form; the file says which, so one decoder reads what either of the two names wrote.
 */
final class ContextCodec implements Codec {
    /** Values that codebooks may have beyond the number of weights. */
    private static final int MORE_CODEBOOK_VALUES = 1023;

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
        List<TensorSpec> specs = tensors.stream().map(CompressedTensor::spec).toList();
        ContextSession session = new ContextSession(coder, meter, true, quickFrom, mostCodebookValues(specs));
        for (CompressedTensor tensor : tensors) {
            if (!session.code(tensor.spec(), tensor)) {
                if (session.beyondLimit()) {
                    throw new IllegalArgumentException(tensor + ": its codebook is too long for so few weights; "
                            + "codebooks may have " + mostCodebookValues(specs) + " values together here");
                }
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
        long most = mostCodebookValues(specs);
        ContextSession session = new ContextSession(coder, meter, false, 0, Math.min(most, limits.codebookValues()));
        List<CompressedTensor> tensors = new ArrayList<>();
        for (TensorSpec spec : specs) {
            if (!session.code(spec, null)) {
                long at = Math.min(coder.offset(), to);
                if (session.beyondLimit() && limits.codebookValues() < most) {
                    throw new LimitException(at, "codebook values", limits.codebookValues(), "more");
                }
                throw new MalformedFileException(
                        at,
                        session.beyondLimit()
                                ? "at most " + most + " codebook values for so many weights"
                                : "values of " + spec.name() + " within their range",
                        "others");
            }
            coder.check();
            tensors.add(session.last());
        }
        coder.checkEnd();
        return new Decoded(List.copyOf(tensors), meter.costs());
    }

    /**
     * Values of codebooks that tensors are worth, counted each time that a codebook is taken up: a learned code makes long
     * codebooks from next to no bytes, and the models' tables are as long as they.
     */
    private static long mostCodebookValues(List<TensorSpec> specs) {
        return specs.stream().mapToLong(TensorSpec::size).sum() + MORE_CODEBOOK_VALUES;
    }
}
