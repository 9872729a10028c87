package io.softshare.graph;

/**
 * Shape of one example's activation: channels × height × width. A flat vector of n features is (n, 1, 1).
 */
public record Shape(int channels, int height, int width) {

    public Shape {
        if (channels < 1 || height < 1 || width < 1) {
            throw new GraphException(
                    "a shape needs positive dimensions, found " + channels + "×" + height + "×" + width);
        }
        if ((long) channels * height > Integer.MAX_VALUE || (long) channels * height * width > Integer.MAX_VALUE) {
            throw new GraphException("shape too large: " + channels + "×" + height + "×" + width);
        }
    }

    /** A flat vector of n features. */
    public static Shape flat(int features) {
        return new Shape(features, 1, 1);
    }

    /** Number of values of one example. */
    public int size() {
        return channels * height * width;
    }

    @Override
    public String toString() {
        return channels + "×" + height + "×" + width;
    }
}
