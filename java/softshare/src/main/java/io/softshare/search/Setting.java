package io.softshare.search;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.Locale;

/**
 * One dimension of a space: a setting of the recipe and where it varies.
 *
 * @param key as {@code --set} names it
 * @param from least value
 * @param to greatest value, above from
 * @param scale on which equal steps count the same
 * @param integer whether only whole numbers are meant
 * @param also settings that get the same value
 */
public record Setting(String key, double from, double to, Scale scale, boolean integer, List<String> also) {
    /** Four digits tell settings apart as finely as a trial's spread lets anyone see, and keep commands short. */
    private static final MathContext DIGITS = new MathContext(4);

    /** How values lie between the ends; logit: for shares near 0 or 1. */
    public enum Scale {
        LINEAR,
        LOG,
        LOGIT;

        private double of(double value) {
            return switch (this) {
                case LINEAR -> value;
                case LOG -> Math.log(value);
                case LOGIT -> Math.log(value / (1 - value));
            };
        }

        private double inverse(double position) {
            return switch (this) {
                case LINEAR -> position;
                case LOG -> Math.exp(position);
                case LOGIT -> 1 / (1 + Math.exp(-position));
            };
        }

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public Setting {
        also = List.copyOf(also);
        if (!(from < to) || Double.isInfinite(from) || Double.isInfinite(to)) {
            throw new SearchException(
                    key + " varies from " + from + " to " + to + ", expected a smaller and a larger number");
        }
        if (scale == Scale.LOG && (integer ? from < 1 : from <= 0)) {
            throw new SearchException(
                    key + " begins at " + from + ", expected more than 0 on a log scale, of integers 1 or more");
        }
        if (scale == Scale.LOGIT && (from <= 0 || to >= 1)) {
            throw new SearchException(key + " varies from " + from + " to " + to
                    + ", expected more than 0 and less than 1 on a logit scale");
        }
        if (integer && (from != Math.rint(from) || to != Math.rint(to))) {
            throw new SearchException(key + " is an integer, but varies from " + from + " to " + to);
        }
    }

    /** The value at a place of the unit interval, as {@code --set} takes it: whole, or with four digits. */
    public String text(double unit) {
        double value = scale.inverse(low() + Math.min(1, Math.max(0, unit)) * (high() - low()));
        value = Math.min(to, Math.max(from, integer ? Math.rint(value) : value));
        if (integer) {
            return String.valueOf((long) value);
        }
        // Near 1 the digits that count on a logit scale are those of the distance to it.
        BigDecimal rounded = scale == Scale.LOGIT && value > 0.5
                ? BigDecimal.ONE.subtract(new BigDecimal(1 - value).round(DIGITS))
                : new BigDecimal(value).round(DIGITS);
        return rounded.stripTrailingZeros().toPlainString();
    }

    /** The place of a value in the unit interval; outside it if the value is outside the range. */
    public double unit(double value) {
        return (scale.of(value) - low()) / (high() - low());
    }

    // A whole number's share of the interval reaches half a step to both sides, at the ends too.

    private double low() {
        return scale.of(integer ? from - 0.5 : from);
    }

    private double high() {
        return scale.of(integer ? to + 0.5 : to);
    }

    /** Whether a value lies in the range, up to the rounding of {@link #text}. */
    boolean holds(double value) {
        return value >= from * (from < 0 ? 1.001 : 0.999) && value <= to * (to < 0 ? 0.999 : 1.001);
    }
}
