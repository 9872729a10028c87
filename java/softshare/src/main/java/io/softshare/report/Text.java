package io.softshare.report;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Figures and tables as the page shows them; locale-independent. */
final class Text {
    private Text() {}

    static String count(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    /** With so many digits after the point; a dash for NaN. */
    static String fixed(double value, int digits) {
        return Double.isNaN(value) ? "–" : String.format(Locale.ROOT, "%,." + digits + "f", value);
    }

    /** Four significant digits. */
    static String significant(double value) {
        if (Double.isNaN(value)) {
            return "–";
        }
        double size = Math.abs(value);
        return size == 0 || size >= 1e-3 && size < 1e5
                ? fixed(value, size >= 1000 || size == 0 ? 0 : 3 - (int) Math.floor(Math.log10(size)))
                : String.format(Locale.ROOT, "%.2e", value);
    }

    static String percent(double value, int digits) {
        return Double.isNaN(value) ? "–" : fixed(value, digits) + " %";
    }

    /** A share of 1 in per cent. */
    static String share(double value) {
        return percent(100 * value, 2);
    }

    /** Seconds, minutes or hours, whichever reads best. */
    static String duration(double seconds) {
        if (Double.isNaN(seconds)) {
            return "–";
        }
        return seconds < 100
                ? fixed(seconds, 0) + " s"
                : seconds < 6000 ? fixed(seconds / 60, 0) + " min" : fixed(seconds / 3600, 1) + " h";
    }

    /** A table for the template: head and rows of cells. */
    static Map<String, Object> table(String caption, List<String> head, List<List<String>> rows) {
        return Map.of(
                "caption",
                caption,
                "head",
                head,
                "rows",
                rows.stream()
                        .map(row -> Map.of("first", row.get(0), "rest", row.subList(1, row.size())))
                        .toList());
    }
}
