package io.softshare.data;

import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * One PNG or JPEG file to bytes, by the JDK's readers. Samples are taken as stored: colour profiles and transparency are
 * left out of account, as other training tools do, and 16-bit samples keep their upper byte.
 */
final class ImageFile {
    /** Longest side; a header that claims more is not believed. */
    private static final int MAX_SIDE = 8192;

    private static final long MAX_FILE_BYTES = 64L << 20;

    static {
        // No window system is needed, and without this flag the JDK may look for one.
        if (System.getProperty("java.awt.headless") == null) {
            System.setProperty("java.awt.headless", "true");
        }
        ImageIO.setUseCache(false);
    }

    record Header(int width, int height) {}

    private ImageFile() {}

    /** Size of an image, from its header. */
    static Header header(Path file) {
        return withReader(file, reader -> new Header(reader.getWidth(0), reader.getHeight(0)));
    }

    /**
     * Pixels of an image that must have the size of the first one: (height, width) for a grey image, (height, width, 3)
     * for a coloured one.
     */
    static byte[] read(Path file, Header expected, Path first) {
        return withReader(file, reader -> {
            int width = reader.getWidth(0);
            int height = reader.getHeight(0);
            // Before decoding: memory is taken only for the size already known.
            if (width != expected.width() || height != expected.height()) {
                throw new DataException(file + " is " + width + "×" + height + " but " + first + " is "
                        + expected.width() + "×" + expected.height() + "; all images need one size (width×height)");
            }
            return samples(reader.read(0));
        });
    }

    private interface Use<T> {
        T with(ImageReader reader) throws IOException;
    }

    private static <T> T withReader(Path file, Use<T> use) {
        try {
            long size = Files.size(file);
            if (size > MAX_FILE_BYTES) {
                throw new IOException(size + " bytes, expected at most " + MAX_FILE_BYTES);
            }
            byte[] bytes = Files.readAllBytes(file);
            try (ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
                Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
                ImageReader reader = readers.hasNext() ? readers.next() : null;
                if (reader == null || !isPngOrJpeg(reader)) {
                    throw new IOException("its content is not PNG or JPEG");
                }
                try {
                    String[] corruption = new String[1];
                    reader.addIIOReadWarningListener((source, warning) -> {
                        // The JPEG library pads a broken file with grey and only warns.
                        if (warning.startsWith("Truncated") || warning.startsWith("Corrupt")) {
                            corruption[0] = warning;
                        }
                    });
                    // Without metadata: text and profiles are not needed, and their stated lengths would be believed.
                    reader.setInput(in, true, true);
                    if (reader.getWidth(0) > MAX_SIDE || reader.getHeight(0) > MAX_SIDE) {
                        throw new IOException(reader.getWidth(0) + "×" + reader.getHeight(0) + ", expected at most "
                                + MAX_SIDE + " a side");
                    }
                    T result = use.with(reader);
                    if (corruption[0] != null) {
                        throw new IOException(corruption[0]);
                    }
                    return result;
                } finally {
                    reader.dispose();
                }
            }
        } catch (DataException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            // Readers throw unchecked exceptions on some damaged files.
            throw new DataException(file + " is not a readable image: " + e.getMessage(), e);
        } catch (OutOfMemoryError e) {
            throw new DataException(file + " does not fit into memory; use smaller images or give Java more (-Xmx)", e);
        }
    }

    private static boolean isPngOrJpeg(ImageReader reader) throws IOException {
        String format = reader.getFormatName().toLowerCase(Locale.ROOT);
        return format.equals("png") || format.equals("jpeg");
    }

    /**
     * Samples from the raster, not by {@code getRGB}: the JDK takes grey samples for linear light and would brighten
     * them.
     */
    private static byte[] samples(BufferedImage image) throws IOException {
        int area = image.getWidth() * image.getHeight();
        Raster raster = image.getRaster();
        ColorModel model = image.getColorModel();
        if (model instanceof IndexColorModel palette) {
            return fromPalette(raster, palette, area);
        }
        int colours = model.getNumColorComponents();
        if (colours != 1 && colours != 3) {
            throw new IOException(colours + " colour components, expected grey or RGB");
        }
        int excessBits = model.getComponentSize(0) - 8;
        if (excessBits != 0 && excessBits != 8) {
            throw new IOException(model.getComponentSize(0) + " bits a sample, expected 8 or 16");
        }
        byte[] out = new byte[area * colours];
        int[] row = new int[image.getWidth()];
        for (int c = 0; c < colours; c++) {
            for (int y = 0; y < image.getHeight(); y++) {
                raster.getSamples(0, y, image.getWidth(), 1, c, row);
                int at = y * image.getWidth() * colours + c;
                for (int x = 0; x < row.length; x++, at += colours) {
                    out[at] = (byte) (row[x] >>> excessBits);
                }
            }
        }
        return out;
    }

    /** Palettes of greys alone (which is how grey PNG of under 8 bits arrives) count as grey. */
    private static byte[] fromPalette(Raster raster, IndexColorModel palette, int area) {
        boolean grey = true;
        for (int i = 0; i < palette.getMapSize(); i++) {
            grey &= palette.getRed(i) == palette.getGreen(i) && palette.getGreen(i) == palette.getBlue(i);
        }
        int[] indices = raster.getSamples(0, 0, raster.getWidth(), raster.getHeight(), 0, new int[area]);
        byte[] out = new byte[grey ? area : 3 * area];
        for (int p = 0; p < area; p++) {
            if (grey) {
                out[p] = (byte) palette.getRed(indices[p]);
            } else {
                out[3 * p] = (byte) palette.getRed(indices[p]);
                out[3 * p + 1] = (byte) palette.getGreen(indices[p]);
                out[3 * p + 2] = (byte) palette.getBlue(indices[p]);
            }
        }
        return out;
    }
}
