package io.softshare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.BasicStroke;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compiles the program under examples/predict against what is built here and runs it; .ci/run builds it with Maven. */
class ExampleTest {
    @TempDir
    Path folder;

    @Test
    void consumerDecodesAndPredicts() throws Exception {
        Path root = Path.of("../..").toRealPath();
        Path source = root.resolve("examples/predict/src/main/java/example/Predict.java");
        String classes = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        int status = ToolProvider.getSystemJavaCompiler()
                .run(null, null, null, "-cp", classes, "-d", folder.toString(), source.toString());
        assertEquals(0, status, "the example does not compile");
        File one = folder.resolve("one.png").toFile();
        BufferedImage image = new BufferedImage(28, 28, BufferedImage.TYPE_BYTE_GRAY);
        Graphics2D graphics = image.createGraphics();
        graphics.setStroke(new BasicStroke(2.5f));
        graphics.drawLine(14, 5, 14, 23);
        graphics.dispose();
        ImageIO.write(image, "png", one);
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        folder + File.pathSeparator + classes,
                        "example.Predict",
                        root.resolve("docs/examples/lenet-300-100.sws").toString(),
                        one.toString()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (InputStream out = process.getInputStream()) {
            String line = new String(out.readAllBytes()).strip();
            assertTrue(line.endsWith("class 1"), line);
        }
        assertEquals(0, process.waitFor());
    }
}
