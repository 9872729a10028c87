package example;

import io.softshare.pipeline.Predictor;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/** Decodes a .sws file and says which class each image belongs to: {@code Predict FILE.sws IMAGE...}. */
public final class Predict {
    private Predict() {}

    public static void main(String[] arguments) throws IOException {
        if (arguments.length < 2) {
            System.err.println("usage: Predict FILE.sws IMAGE...");
            System.exit(2);
        }
        try (Predictor predictor = Predictor.open(Path.of(arguments[0]))) {
            System.err.println(predictor.graph().name() + ": images of "
                    + predictor.graph().input() + " in " + predictor.graph().classes() + " classes");
            for (int i = 1; i < arguments.length; i++) {
                BufferedImage image = ImageIO.read(new File(arguments[i]));
                if (image == null) {
                    System.err.println(arguments[i] + " is no image that Java can read");
                    System.exit(1);
                }
                System.out.println(arguments[i] + ": class " + predictor.classes(pixels(image, predictor))[0]);
            }
        }
    }

    /** The image's bytes at the size and with the channels (1: grey, 3: colour) that the network takes. */
    private static byte[] pixels(BufferedImage image, Predictor predictor) {
        var shape = predictor.graph().input();
        boolean grey = shape.channels() == 1;
        BufferedImage fitted = new BufferedImage(
                shape.width(), shape.height(), grey ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = fitted.createGraphics();
        graphics.drawImage(image, 0, 0, shape.width(), shape.height(), Color.BLACK, null);
        graphics.dispose();
        byte[] pixels = new byte[shape.size()];
        int at = 0;
        for (int y = 0; y < shape.height(); y++) {
            for (int x = 0; x < shape.width(); x++) {
                for (int c = 0; c < shape.channels(); c++) {
                    pixels[at++] = (byte) fitted.getRaster().getSample(x, y, c);
                }
            }
        }
        return pixels;
    }
}
