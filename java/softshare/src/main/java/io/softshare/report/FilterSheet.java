package io.softshare.report;

import io.softshare.graph.Graph;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.Shape;
import io.softshare.graph.TensorRole;
import io.softshare.graph.TensorSpec;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;

/**
 * The first layer's weights as pictures in the form of the input, one a unit, in a square. One channel, or the mean over
 * other than three: blue below zero, orange above, clear at zero; three channels: as colours about grey.
 */
final class FilterSheet {
    private static final int UNITS = 36;
    private static final int NEGATIVE = 0x2b6cb0;
    private static final int POSITIVE = 0xd9480f;

    private final TensorSpec spec;
    private final int channels;
    private final int height;
    private final int width;
    private final boolean bgr;
    private int[] units = {};

    private FilterSheet(TensorSpec spec, int channels, int height, int width, boolean bgr) {
        this.spec = spec;
        this.channels = channels;
        this.height = height;
        this.width = width;
        this.bgr = bgr;
    }

    /** For the first weight tensor, or null if its inputs are not the image's pixels. */
    static FilterSheet of(Graph graph) {
        TensorSpec spec = graph.tensors().stream()
                .filter(t -> t.role() == TensorRole.WEIGHT)
                .findFirst()
                .orElse(null);
        Shape input = graph.input();
        boolean bgr = graph.preprocessing().order() == Preprocessing.ChannelOrder.BGR;
        if (spec == null) {
            return null;
        }
        if (spec.shape().size() == 4 && spec.kernel() > 1) {
            return new FilterSheet(
                    spec, spec.columns(), spec.shape().get(2), spec.shape().get(3), bgr);
        }
        boolean pixels = spec.shape().size() == 2 && spec.columns() == input.size() && input.width() > 1;
        return pixels ? new FilterSheet(spec, input.channels(), input.height(), input.width(), bgr) : null;
    }

    String layer() {
        return spec.name();
    }

    int unitsShown() {
        return units.length;
    }

    int unitsInAll() {
        return spec.rows();
    }

    /** Chooses the units: those whose weights are largest (sum of squares) in these tensors, in their own order. */
    void choose(Map<String, float[]> tensors) {
        float[] values = tensors.get(spec.name());
        int size = values.length / spec.rows();
        double[] energy = new double[spec.rows()];
        for (int i = 0; i < values.length; i++) {
            energy[i / size] += (double) values[i] * values[i];
        }
        units = IntStream.range(0, energy.length)
                .boxed()
                .sorted(Comparator.<Integer>comparingDouble(u -> -energy[u]).thenComparing(u -> u))
                .limit(UNITS)
                .sorted()
                .mapToInt(Integer::intValue)
                .toArray();
    }

    /** A PNG as a data: address. Colours are full at the 99.5th percentile of the sizes shown. */
    String png(Map<String, float[]> tensors) throws IOException {
        float[] values = tensors.get(spec.name());
        int across = (int) Math.ceil(Math.sqrt(units.length));
        int down = (units.length + across - 1) / across;
        BufferedImage sheet =
                new BufferedImage(across * (width + 1) - 1, down * (height + 1) - 1, BufferedImage.TYPE_INT_ARGB);
        double full = percentile(values);
        for (int n = 0; n < units.length; n++) {
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    sheet.setRGB(
                            n % across * (width + 1) + x,
                            n / across * (height + 1) + y,
                            colour(values, units[n], y * width + x, full));
                }
            }
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.setUseCache(false);
        ImageIO.write(sheet, "png", bytes);
        return "data:image/png;base64," + Base64.getEncoder().encodeToString(bytes.toByteArray());
    }

    private double percentile(float[] values) {
        int size = values.length / spec.rows();
        double[] sizes = Arrays.stream(units)
                .flatMap(u -> IntStream.range(u * size, (u + 1) * size))
                .mapToDouble(i -> Math.abs(values[i]))
                .filter(v -> v > 0)
                .sorted()
                .toArray();
        return sizes.length == 0 ? 1 : sizes[(int) (0.995 * (sizes.length - 1))];
    }

    private int colour(float[] values, int unit, int pixel, double full) {
        int plane = height * width;
        int at = unit * channels * plane + pixel;
        if (channels == 3) {
            int rgb = 0xff;
            for (int c : bgr ? List.of(2, 1, 0) : List.of(0, 1, 2)) {
                double share = Math.max(-1, Math.min(1, values[at + c * plane] / full));
                rgb = rgb << 8 | (int) Math.round(127.5 + 127.5 * share);
            }
            return rgb;
        }
        double mean = 0;
        for (int c = 0; c < channels; c++) {
            mean += values[at + c * plane] / channels;
        }
        int alpha = (int) Math.round(255 * Math.min(1, Math.abs(mean) / full));
        return alpha << 24 | (mean < 0 ? NEGATIVE : POSITIVE);
    }
}
