package io.softshare.cli;

import io.softshare.device.Philox;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Four classes of 12×12 pictures (a bright quarter under noise) as IDX files: learnt in a moment. */
final class SmallData {
    private static final int SIDE = 12;
    private static final int TRAIN = 600;

    private SmallData() {}

    static Path write(Path folder) throws IOException {
        return write(folder, SIDE, TRAIN);
    }

    /** Pictures of side × side, so many for training. */
    static Path write(Path folder, int side, int train) throws IOException {
        Files.createDirectories(folder);
        part(folder, "train", side, train, 1);
        part(folder, "t10k", side, 200, 2);
        return folder;
    }

    private static void part(Path folder, String name, int side, int count, int stream) throws IOException {
        try (DataOutputStream images =
                        new DataOutputStream(Files.newOutputStream(folder.resolve(name + "-images-idx3-ubyte")));
                DataOutputStream labels =
                        new DataOutputStream(Files.newOutputStream(folder.resolve(name + "-labels-idx1-ubyte")))) {
            images.writeInt(0x803);
            images.writeInt(count);
            images.writeInt(side);
            images.writeInt(side);
            labels.writeInt(0x801);
            labels.writeInt(count);
            int[] words = new int[4];
            for (int i = 0; i < count; i++) {
                int label = i % 4;
                labels.writeByte(label);
                byte[] pixels = new byte[side * side];
                for (int p = 0; p < pixels.length; p++) {
                    Philox.block(stream, i, p, Philox.PURPOSE_OTHER, words);
                    int quarter = 2 * (p / side / (side / 2)) + p % side / (side / 2);
                    pixels[p] = (byte) ((words[0] & 127) + (quarter == label ? 80 : 0));
                }
                images.write(pixels);
            }
        }
    }

    /** All stages, a few epochs each. */
    static Path recipe(Path file) throws IOException {
        return Files.writeString(file, """
                name = "short"
                batch = 50
                teacher = "self"
                weightScale = 0.1
                [[stage]]
                kind = "plain"
                epochs = 4
                [[stage]]
                kind = "prior"
                epochs = 6
                teacherShare = 0.5
                tauStart = 0.05
                tauEnd = 0.3
                sigmaZeroStart = 0.02
                sigmaZeroEnd = 0.1
                [[stage]]
                kind = "recover"
                epochs = 2
                tauStart = 0.01
                tauEnd = 0.01
                [[stage]]
                kind = "soften"
                epochs = 2
                components = 8
                tauStart = 0.06
                tauEnd = 0.06
                sigmaStart = 0.08
                sigmaEnd = 0.02
                [[stage]]
                kind = "hard"
                epochs = 3
                components = 8
                rateStart = 2e-4
                rateEnd = 5e-6
                """);
    }
}
