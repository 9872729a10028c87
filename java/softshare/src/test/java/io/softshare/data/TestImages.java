package io.softshare.data;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.ImageIO;

/** Small images, written by the JDK. */
final class TestImages {
    private TestImages() {}

    /** Pixel (x, y) is 10·x + 40·y + offset, in colour with 1 and 2 more for green and blue. */
    static BufferedImage pattern(int type, int width, int height, int offset) {
        BufferedImage image = new BufferedImage(width, height, type);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                for (int b = 0; b < image.getRaster().getNumBands(); b++) {
                    int value = b == 3 ? 17 : 10 * x + 40 * y + offset + b;
                    image.getRaster()
                            .setSample(x, y, b, type == BufferedImage.TYPE_USHORT_GRAY ? value << 8 | 99 : value);
                }
            }
        }
        return image;
    }

    static BufferedImage colour(int width, int height, int offset) {
        return pattern(BufferedImage.TYPE_INT_RGB, width, height, offset);
    }

    static BufferedImage grey(int width, int height, int offset) {
        return pattern(BufferedImage.TYPE_BYTE_GRAY, width, height, offset);
    }

    /** Two by one pixels by palette: entry 1, then entry 0. */
    static BufferedImage palette(int... rgb) {
        byte[][] parts = new byte[3][rgb.length];
        for (int i = 0; i < rgb.length; i++) {
            for (int c = 0; c < 3; c++) {
                parts[c][i] = (byte) (rgb[i] >> 16 - 8 * c);
            }
        }
        IndexColorModel model = new IndexColorModel(8, rgb.length, parts[0], parts[1], parts[2]);
        BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_INDEXED, model);
        image.getRaster().setSample(0, 0, 0, 1);
        return image;
    }

    static byte[] encode(BufferedImage image, String format) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            if (!ImageIO.write(image, format, out)) {
                throw new IllegalArgumentException("no writer of " + format + " takes this image");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }
}
