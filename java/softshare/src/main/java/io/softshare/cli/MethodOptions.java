package io.softshare.cli;

import io.softshare.codec.Codecs;
import io.softshare.pipeline.Compression;
import java.util.List;
import picocli.CommandLine.Option;

/** Which method compresses, and what its files are coded by: the other methods bring their own codec unless one is named. */
final class MethodOptions {
    private static final String OWN = "soft-weight-sharing";
    /** Names of the baselines are those of their recipes. */
    private static final List<String> NAMES = List.of(OWN, "deep-compression", "network-surgery");

    @Option(
            names = "--method",
            paramLabel = "NAME",
            description = "soft-weight-sharing (default) or, for comparison, deep-compression (Han et al. 2016) or"
                    + " network-surgery (Guo et al. 2016): a recipe, csr-huffman and --rate-distortion 0.")
    private String method;

    @Option(
            names = "--codec",
            paramLabel = "NAME",
            description = "context (default), context-best (slower to decode, a little smaller for large networks) or"
                    + " csr-huffman.")
    private String codec;

    @Option(
            names = "--rate-distortion",
            paramLabel = "auto|LAMBDA",
            description =
                    "Of two shared values that explain a weight about equally well, take the one of fewer bits: lambda,"
                            + " 0 for none, or as much as the validation error allows (default).")
    private String rateDistortion;

    private boolean isBaseline() {
        return method != null && !method.equals(OWN);
    }

    /** The recipe's name or file; given: what {@code --recipe} says, or null. */
    String recipe(String given) {
        if (method != null && !NAMES.contains(method)) {
            throw new UsageException("no method is called " + method + "; expected one of " + String.join(", ", NAMES));
        }
        if (isBaseline() && given != null) {
            throw new UsageException("--method " + method + " is a recipe of its own; leave out --recipe " + given
                    + " (--print-recipe shows it, --set changes it)");
        }
        return isBaseline() ? method : given;
    }

    String codec() {
        String chosen = codec != null ? codec : isBaseline() ? "csr-huffman" : "context";
        if (Codecs.byName(chosen).isEmpty()) {
            throw new UsageException(
                    "no codec is called " + chosen + "; expected one of " + String.join(", ", Codecs.names()));
        }
        return chosen;
    }

    String rateDistortion() {
        String chosen = rateDistortion != null ? rateDistortion : isBaseline() ? "0" : Compression.AUTO;
        try {
            double lambda = chosen.equals(Compression.AUTO) ? 0 : Double.parseDouble(chosen);
            if (lambda >= 0 && lambda <= 1e6) {
                return chosen;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw new UsageException("--rate-distortion is " + chosen + ", expected auto or a number from 0 to 1e6");
    }
}
