package io.softshare.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.softshare.graph.Shape;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real photographs, where the archive of CIFAR-10 as JPEG lies in shared/data beside or above the checkout. */
class SharedDataTest {
    @TempDir
    Path temporary;

    @Test
    void readsAPartOfCifarAsJpeg() throws Exception {
        Path archive = find();
        assumeTrue(archive != null, "skipped: no shared/data/cifar10-jpeg.tar.xz beside or above the checkout");
        assumeTrue(unpack(archive), "skipped: no tar that unpacks .xz on this machine");
        DataSet data = DataSources.open(temporary.toString(), new Cache(temporary.resolve("unused")), Progress.SILENT);
        assertEquals(new Shape(3, 32, 32), data.train().shape());
        int[] each = new int[10];
        Arrays.fill(each, 100);
        assertArrayEquals(each, data.test().classCounts());
        assertArrayEquals(each, data.train().classCounts());
        assertEquals("airplane", data.classNames().get(0));
        assertEquals("truck", data.classNames().get(9));
        // Mean of CIFAR-10's red, green, blue: 125.3, 123.0, 113.9. A hundred a class come close.
        double[] mean = new double[3];
        byte[] pixels = data.test().pixels();
        for (int i = 0; i < pixels.length; i++) {
            mean[i % 3] += (pixels[i] & 0xFF) * 3.0 / pixels.length;
        }
        assertArrayEquals(new double[] {125.3, 123.0, 113.9}, mean, 6);
        assertTrue(mean[0] > mean[2] + 5, "channels are in the order red, green, blue");
    }

    private static Path find() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path archive = at.resolve("shared/data/cifar10-jpeg.tar.xz");
            if (Files.isReadable(archive)) {
                return archive;
            }
        }
        return null;
    }

    private boolean unpack(Path archive) throws InterruptedException {
        try {
            Process tar = new ProcessBuilder("tar", "-xJf", archive.toString(), "--wildcards", "*/*/00[0-9][0-9].jpg")
                    .directory(temporary.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(new File(temporary.toFile(), "tar.log"))
                    .start();
            return tar.waitFor(60, TimeUnit.SECONDS) && tar.exitValue() == 0;
        } catch (IOException e) {
            return false;
        }
    }
}
