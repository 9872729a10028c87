package example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.BasicStroke;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.function.Consumer;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the program on the LeNet-300-100 of docs/examples and two digits drawn here. */
class PredictTest {
    @TempDir
    Path folder;

    @Test
    void readsDrawnDigits() throws Exception {
        String one = draw("one.png", g -> g.drawLine(14, 5, 14, 23));
        String zero = draw("zero.png", g -> g.drawOval(8, 5, 12, 18));
        PrintStream before = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true));
        try {
            Predict.main(new String[] {"../../docs/examples/lenet-300-100.sws", one, zero});
        } finally {
            System.setOut(before);
        }
        String[] lines = out.toString().split("\\R");
        assertEquals(2, lines.length);
        assertTrue(lines[0].endsWith("class 1"), lines[0]);
        assertTrue(lines[1].endsWith("class 0"), lines[1]);
    }

    private String draw(String name, Consumer<Graphics2D> digit) throws Exception {
        BufferedImage image = new BufferedImage(28, 28, BufferedImage.TYPE_BYTE_GRAY);
        Graphics2D graphics = image.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        graphics.setStroke(new BasicStroke(2.5f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
        digit.accept(graphics);
        graphics.dispose();
        Path file = folder.resolve(name);
        ImageIO.write(image, "png", file.toFile());
        return file.toString();
    }
}
