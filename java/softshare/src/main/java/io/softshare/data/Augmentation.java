package io.softshare.data;

import io.softshare.device.Philox;
import io.softshare.graph.Shape;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * Random shifts and flips of training images, drawn for each example and epoch. The gather kernels do this on the device;
 * {@link #apply} is the plain reference they are tested against.
 *
 * @param probability share of the images that are shifted; flips do not depend on it
 */
public record Augmentation(Kind kind, float probability) {

    /** What may happen to an image. The order is shared with the native kernels. */
    public enum Kind {
        NONE("none", 0, false),
        /** Up to one pixel each way: handwriting. */
        SHIFT("shift", 1, false),
        /** Mirrored half of the time, up to four pixels each way: small photographs. */
        FLIP_CROP("flip-crop", 4, true);

        private final String label;
        private final int reach;
        private final boolean flips;

        Kind(String label, int reach, boolean flips) {
            this.label = label;
            this.reach = reach;
            this.flips = flips;
        }

        /** Name on the command line. */
        public String label() {
            return label;
        }

        /** Longest shift in pixels. */
        public int reach() {
            return reach;
        }

        public boolean flips() {
            return flips;
        }
    }

    /** What was drawn for one example. */
    public record Draw(int dx, int dy, boolean flip) {}

    public static final Augmentation NONE = new Augmentation(Kind.NONE, 0);

    public Augmentation {
        if (!(probability >= 0 && probability <= 1)) {
            throw new DataException("probability of a shift is " + probability + ", expected 0 to 1");
        }
    }

    /** By name, with a probability of a shift of one half for {@code shift} and one for {@code flip-crop}. */
    public static Augmentation parse(String name) {
        for (Kind kind : Kind.values()) {
            if (kind.label().equals(name)) {
                return new Augmentation(kind, kind == Kind.NONE ? 0 : kind == Kind.SHIFT ? 0.5f : 1);
            }
        }
        throw new DataException("no augmentation is called `" + name + "`; expected "
                + Arrays.stream(Kind.values()).map(Kind::label).collect(Collectors.joining(", ")));
    }

    /**
     * The draw of one example, by its index in the training set: words r of one block of purpose augmentation. With s the
     * reach, dx = r0 mod (2s+1) − s and dy = r1 mod (2s+1) − s (unsigned), both 0 unless the uniform of r2 is below the
     * probability; flip is bit 0 of r3.
     */
    public Draw draw(long seed, long index, int epoch) {
        int[] words = new int[4];
        Philox.block(seed, index, epoch, Philox.PURPOSE_AUGMENTATION, words);
        int span = 2 * kind.reach() + 1;
        boolean shifted = Philox.uniform(words[2]) < probability;
        int dx = shifted ? Integer.remainderUnsigned(words[0], span) - kind.reach() : 0;
        int dy = shifted ? Integer.remainderUnsigned(words[1], span) - kind.reach() : 0;
        return new Draw(dx, dy, kind.flips() && (words[3] & 1) != 0);
    }

    /**
     * One image (height, width, channels) from {@code in} at {@code inOffset} to {@code out} at {@code outOffset}:
     * out(y, x) = in(y − dy, flip ? W − 1 − (x − dx) : x − dx), and 0 where y − dy or x − dx lies outside.
     */
    public static void apply(Shape shape, byte[] in, int inOffset, Draw draw, byte[] out, int outOffset) {
        int height = shape.height();
        int width = shape.width();
        int channels = shape.channels();
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int fromY = y - draw.dy();
                int fromX = x - draw.dx();
                int to = outOffset + (y * width + x) * channels;
                if (fromY < 0 || fromY >= height || fromX < 0 || fromX >= width) {
                    Arrays.fill(out, to, to + channels, (byte) 0);
                } else {
                    int column = draw.flip() ? width - 1 - fromX : fromX;
                    System.arraycopy(in, inOffset + (fromY * width + column) * channels, out, to, channels);
                }
            }
        }
    }
}
