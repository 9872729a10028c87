package io.softshare.pipeline;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A file that was made on the way to a {@link Goal}.
 *
 * @param number from 1
 * @param liveWeights where widening was left for it
 * @param squeezed whether rate–distortion had to make it small enough, whatever the error
 * @param validationErrorPercent of the decoded file; 100 if there is none
 * @param fileBytes 0: training failed, there is no file
 * @param finishing what was done before it was written
 * @param reordered whether hidden units lie in another order than in training
 */
public record Attempt(
        int number,
        long liveWeights,
        boolean squeezed,
        double validationErrorPercent,
        long fileBytes,
        double seconds,
        List<String> finishing,
        boolean reordered) {
    boolean failed() {
        return fileBytes == 0;
    }

    Map<String, Object> json() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("try", (long) number);
        values.put("liveWeights", liveWeights);
        values.put("squeezed", squeezed);
        values.put("validationErrorPercent", validationErrorPercent);
        values.put("fileBytes", fileBytes);
        values.put("seconds", seconds);
        values.put("finishing", finishing);
        values.put("reordered", reordered);
        return values;
    }

    static Attempt of(Map<?, ?> values) {
        return new Attempt(
                ((Number) values.get("try")).intValue(),
                ((Number) values.get("liveWeights")).longValue(),
                (Boolean) values.get("squeezed"),
                ((Number) values.get("validationErrorPercent")).doubleValue(),
                ((Number) values.get("fileBytes")).longValue(),
                ((Number) values.get("seconds")).doubleValue(),
                ((List<?>) values.get("finishing"))
                        .stream().map(String.class::cast).toList(),
                (Boolean) values.get("reordered"));
    }
}
