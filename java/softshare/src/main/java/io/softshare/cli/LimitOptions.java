package io.softshare.cli;

import io.softshare.codec.Limits;
import picocli.CommandLine.Option;

/** What a command that reads a .sws takes on, for networks larger than usual. */
final class LimitOptions {
    @Option(
            names = "--limit-elements",
            paramLabel = "N",
            description =
                    "Values of all tensors of a .sws together, at most; each takes some ten bytes of memory while it is"
                            + " read. Default: 268435456.")
    private Long elements;

    Limits limits() {
        if (elements == null) {
            return Limits.DEFAULT;
        }
        if (elements < 1) {
            throw new UsageException("--limit-elements: expected a whole number from 1 on, found " + elements);
        }
        // A file may be as long as its values as floats, and a network may as well be wide as deep.
        return Limits.DEFAULT
                .withElements(elements)
                .withFileBytes(
                        Math.max(Limits.DEFAULT.fileBytes(), Math.multiplyExact(4L, Math.min(elements, 1L << 40))))
                .withActivations(Math.max(Limits.DEFAULT.activations(), elements));
    }
}
