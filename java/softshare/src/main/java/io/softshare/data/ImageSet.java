package io.softshare.data;

import io.softshare.graph.Shape;
import java.util.Arrays;

/**
 * Images of one shape with their classes. Arrays are shared, not copied, because a set may take hundreds of megabytes:
 * who builds a set gives them away. Two sets are equal only if they are the same arrays.
 *
 * @param pixels unsigned bytes, (count, height, width, channels)
 * @param labels unsigned class numbers, one an image
 * @param classes number of classes, 1 to 256
 */
public record ImageSet(Shape shape, byte[] pixels, byte[] labels, int classes) {
    /** A class number is one unsigned byte. */
    public static final int MAX_CLASSES = 256;

    public ImageSet {
        if (classes < 1 || classes > MAX_CLASSES) {
            throw new DataException("an image set has 1 to " + MAX_CLASSES + " classes, found " + classes);
        }
        long expected = (long) labels.length * shape.size();
        if (pixels.length != expected) {
            throw new DataException("expected " + expected + " bytes of pixels for " + labels.length + " images of "
                    + shape + ", found " + pixels.length);
        }
        for (int i = 0; i < labels.length; i++) {
            if ((labels[i] & 0xFF) >= classes) {
                throw new DataException("label of image " + i + " is " + (labels[i] & 0xFF) + ", expected 0 to "
                        + (classes - 1) + " (" + classes + " classes)");
            }
        }
    }

    /** Number of images. */
    public int count() {
        return labels.length;
    }

    /** Class of one image. */
    public int label(int index) {
        return labels[index] & 0xFF;
    }

    /** Number of images of each class. */
    public int[] classCounts() {
        int[] counts = new int[classes];
        for (byte label : labels) {
            counts[label & 0xFF]++;
        }
        return counts;
    }

    /** The images at the given places, in that order, copied into a set of its own. */
    public ImageSet subset(int[] indices) {
        int size = shape.size();
        // No more than this set unless indices repeat, so check before the multiplication can overflow.
        if ((long) indices.length * size > Integer.MAX_VALUE - 8) {
            throw new DataException("a subset of " + indices.length + " images of " + shape + " is over 2 GiB");
        }
        byte[] chosenPixels = new byte[indices.length * size];
        byte[] chosenLabels = new byte[indices.length];
        for (int i = 0; i < indices.length; i++) {
            if (indices[i] < 0 || indices[i] >= labels.length) {
                throw new DataException("image " + indices[i] + " asked for, the set has 0 to " + (labels.length - 1));
            }
            System.arraycopy(pixels, indices[i] * size, chosenPixels, i * size, size);
            chosenLabels[i] = labels[indices[i]];
        }
        return new ImageSet(shape, chosenPixels, chosenLabels, classes);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ImageSet set
                && set.shape.equals(shape)
                && set.classes == classes
                && set.pixels == pixels
                && set.labels == labels;
    }

    @Override
    public int hashCode() {
        return 31 * System.identityHashCode(pixels) + classes;
    }

    @Override
    public String toString() {
        return count() + " images of " + shape + " in " + classes + " classes, counts "
                + Arrays.toString(classCounts());
    }
}
