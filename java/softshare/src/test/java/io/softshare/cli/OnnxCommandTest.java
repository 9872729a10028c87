package io.softshare.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.cli.Processes.Outcome;
import io.softshare.data.Cache;
import io.softshare.data.DataSources;
import io.softshare.data.ImageSet;
import io.softshare.data.Progress;
import io.softshare.graph.Graph;
import io.softshare.graph.Shape;
import io.softshare.graph.TensorSpec;
import io.softshare.json.Json;
import io.softshare.onnx.OnnxReader;
import io.softshare.onnx.Ort;
import io.softshare.pipeline.Predictor;
import io.softshare.safetensors.StateDict;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Networks from PyTorch through the command line as processes: compressed, decompressed, run by ONNX Runtime; and refusals. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OnnxCommandTest {
    private static final Path FIXTURES = Path.of("src/test/resources/io/softshare/onnx");

    @TempDir
    static Path folder;

    private Path grey;
    private Path colour;
    private Path recipe;

    private static Outcome run(String... arguments) throws IOException, InterruptedException {
        return new Processes(folder, List.of(), Map.of()).run(arguments);
    }

    private static Map<?, ?> json(Outcome outcome) {
        assertEquals(0, outcome.status(), outcome.err());
        return (Map<?, ?>) Json.parse(outcome.out().strip());
    }

    @BeforeAll
    void data() throws IOException {
        grey = SmallData.write(folder.resolve("grey"));
        recipe = SmallData.recipe(folder.resolve("recipe.toml"));
        colour = folder.resolve("colour");
        Random random = new Random(3);
        for (String part : List.of("train", "test")) {
            for (int label = 0; label < 4; label++) {
                Path to = Files.createDirectories(colour.resolve(part).resolve("class" + label));
                for (int i = 0; i < (part.equals("train") ? 60 : 20); i++) {
                    ImageIO.write(
                            picture(label, random),
                            "png",
                            to.resolve(i + ".png").toFile());
                }
            }
        }
    }

    /** Noise that is brighter in one colour, or in all; the network was trained on such in the order blue, green, red. */
    private static BufferedImage picture(int label, Random random) {
        BufferedImage image = new BufferedImage(12, 12, BufferedImage.TYPE_INT_RGB);
        for (int p = 0; p < 144; p++) {
            int rgb = 0;
            for (int c = 0; c < 3; c++) {
                rgb = rgb << 8 | random.nextInt(128) + (label == c || label == 3 ? 80 : 0);
            }
            image.setRGB(p % 12, p / 12, rgb);
        }
        return image;
    }

    @ParameterizedTest
    @CsvSource({"strided, false", "residual, true", "pools, false"})
    void theWholeWay(String name, boolean inColour) throws Exception {
        Path data = inColour ? colour : grey;
        Path model = FIXTURES.resolve(name + ".onnx");
        Path sws = folder.resolve(name + ".sws");
        List<String> compress =
                new ArrayList<>(List.of("compress", "--model", model.toString(), "--data", data.toString()));
        compress.addAll(List.of("--recipe", recipe.toString(), "--set", "prior.tauEnd=0.05"));
        compress.addAll(List.of("--set", "prior.sigmaZeroEnd=0.05", "--threads", "1", "--mean", "60", "--scale", "50"));
        compress.addAll(List.of("--out", sws.toString(), "--json"));
        if (inColour) {
            compress.addAll(List.of("--channel-order", "bgr"));
        }
        Map<?, ?> result = json(run(compress.toArray(String[]::new)));
        assertTrue(((Number) result.get("fileBytes")).longValue() < Files.size(model) / 4, result.toString());
        // The plain stage is passed over: the network is as good as it came.
        assertTrue(((Number) result.get("pretrainedTestErrorPercent")).doubleValue() < 10, result.toString());
        assertTrue(((Number) result.get("testErrorPercent")).doubleValue() < 20, result.toString());
        Map<?, ?> eval = json(run("eval", sws.toString(), "--data", data.toString(), "--threads", "1", "--json"));
        assertEquals(
                result.get("testErrorPercent"), eval.get("testErrorPercent"), "eval prepares images as training did");

        Path onnx = folder.resolve(name + "-out.onnx");
        assertEquals(
                0, run("decompress", sws.toString(), "--out", onnx.toString()).status());
        Graph before = OnnxReader.read(model, null).graph();
        Graph after = OnnxReader.read(onnx, null).graph();
        assertEquals(before.nodes(), after.nodes());
        assertEquals(before.signature(), after.signature());
        Map<?, ?> again = json(run("eval", onnx.toString(), "--data", data.toString(), "--threads", "1", "--json"));
        assertEquals(eval, again, "an .onnx from here knows its preprocessing");

        Path weights = folder.resolve(name + ".safetensors");
        assertEquals(
                0,
                run("decompress", sws.toString(), "--out", weights.toString()).status());
        List<String> names = new ArrayList<>();
        StateDict.read(weights).tensors().forEach(t -> names.add(t.name()));
        assertEquals(before.tensors().stream().map(TensorSpec::name).toList(), names);
        sameLogits(sws, onnx, data, inColour);
    }

    /** ONNX Runtime on every test image, against the decoded file. */
    private static void sameLogits(Path sws, Path onnx, Path data, boolean bgr) throws Exception {
        ImageSet test = DataSources.open(data.toString(), new Cache(folder.resolve("unused")), Progress.SILENT)
                .test();
        Shape s = test.shape();
        float[] ours;
        try (Predictor predictor = Predictor.open(sws)) {
            ours = predictor.logits(test.pixels());
        }
        float[] x = new float[test.count() * s.size()];
        int area = s.height() * s.width();
        for (int i = 0; i < x.length; i++) {
            int channel = i % s.size() / area;
            int place = i / s.size() * s.size() + i % area * s.channels() + (bgr ? 2 - channel : channel);
            x[i] = ((test.pixels()[place] & 0xFF) - 60) / 50f;
        }
        try (Ort ort = new Ort(onnx)) {
            float[] theirs = ort.run(x, test.count(), s.channels(), s.height(), s.width());
            Graph graph = OnnxReader.read(onnx, null).graph();
            int classes = graph.classes();
            for (int i = 0; i < ours.length; i += classes) {
                double sum = 0;
                for (int c = 0; c < classes; c++) {
                    sum += Math.exp(ours[i + c]);
                }
                for (int c = 0; c < classes; c++) {
                    double log = ours[i + c] - Math.log(sum);
                    ours[i + c] = switch (graph.signature().head()) {
                        case LOGITS -> ours[i + c];
                        case SOFTMAX -> (float) Math.exp(log);
                        case LOG_SOFTMAX -> (float) log;
                    };
                }
            }
            assertArrayEquals(ours, theirs, 1e-4f);
        }
    }

    @Test
    void theOtherCommandsTakeOnnx() throws Exception {
        String model = FIXTURES.resolve("pools.onnx").toString();
        assertTrue(run("inspect", model).out().contains("net.7.weight"));
        Map<?, ?> inspected = json(run("inspect", model, "--json"));
        assertEquals("nchw", ((Map<?, ?>) inspected.get("preprocessing")).get("layout"));
        Path weights = folder.resolve("pools-given.safetensors");
        assertEquals(0, run("decompress", model, "--out", weights.toString()).status());
        Path made = folder.resolve("pools-made.onnx");
        assertEquals(
                0,
                run("decompress", weights.toString(), "--model", model, "--mean", "7", "--out", made.toString())
                        .status());
        assertEquals(
                List.of(7f), OnnxReader.read(made, null).graph().preprocessing().mean());
        Path trained = folder.resolve("trained.safetensors");
        Outcome train = run(
                "train",
                "--model",
                model,
                "--data",
                grey.toString(),
                "--recipe",
                recipe.toString(),
                "--threads",
                "1",
                "--out",
                trained.toString());
        assertEquals(0, train.status(), train.err());
        Outcome retrain = run(
                "retrain",
                "--model",
                model,
                "--weights",
                trained.toString(),
                "--teacher",
                model,
                "--data",
                grey.toString(),
                "--recipe",
                recipe.toString(),
                "--threads",
                "1",
                "--out",
                folder + "/taught.sws");
        assertEquals(0, retrain.status(), retrain.err());
        assertEquals(
                0,
                run("compare", "--model", model, "--weights-count", "1000", "--rounds", "1", "--batch", "8")
                        .status());
    }

    private static void refused(int status, String part, String... arguments) throws Exception {
        Outcome outcome = run(arguments);
        assertEquals(status, outcome.status(), outcome.err());
        assertEquals(1, outcome.err().lines().count(), outcome.err());
        assertTrue(outcome.err().startsWith("softshare: "), outcome.err());
        assertTrue(outcome.err().contains(part), outcome.err());
    }

    @Test
    void refusalsAreOneLine() throws Exception {
        byte[] file = Files.readAllBytes(FIXTURES.resolve("strided.onnx"));
        Path bad = folder.resolve("bad.onnx");
        String[] compress = {
            "compress", "--model", bad.toString(), "--data", grey.toString(), "--out", folder + "/x.sws"
        };

        refused(1, "does not exist", compress);
        Files.write(bad, Arrays.copyOf(file, file.length / 2));
        refused(1, "bad.onnx: a field from byte", compress);
        Files.write(bad, replaced(file, "\"\13AveragePool", "\"\13AveragePoot"));
        refused(1, "operator AveragePoot of node /features/features.7/AveragePool is not supported", compress);
        Files.write(bad, new byte[] {'h', 'e', 'l', 'l', 'o'});
        refused(1, "or no ONNX file", compress);
        Files.write(bad, file);
        Path other = FIXTURES.resolve("residual.onnx");
        refused(
                1,
                "residual.onnx is for images of 3×12×12 in 4 classes",
                "compress",
                "--model",
                other.toString(),
                "--data",
                grey.toString(),
                "--out",
                folder + "/x.sws");
        refused(1, "is for images of 3×12×12", "eval", other.toString(), "--data", grey.toString());
        refused(1, "--mean has 2 numbers", "eval", bad.toString(), "--data", grey.toString(), "--mean", "1,2");
        refused(1, "scale not positive", "eval", bad.toString(), "--data", grey.toString(), "--scale", "-1");
        refused(1, "--layout is nhwc, but", "eval", bad.toString(), "--data", grey.toString(), "--layout", "nhwc");
        refused(
                2,
                "--channel-order is gbr",
                "eval",
                bad.toString(),
                "--channel-order",
                "gbr",
                "--data",
                grey.toString());
        refused(2, "--mean is x", "inspect", bad.toString(), "--mean", "x");
        refused(2, "has its own", "inspect", bad.toString(), "--model", "lenet-5");
        refused(2, "a .sws holds its preprocessing", "inspect", "../../docs/examples/lenet-300-100.sws", "--mean", "1");
        refused(2, "ends in .safetensors or .onnx", "decompress", bad.toString(), "--out", folder + "/x.bin");
        refused(2, "or an .onnx file", "compress", "--model", "resnet", "--data", "mnist", "--out", folder + "/x.sws");
    }

    /** Wrong shapes: a convolution that is told of a channel more than there is. */
    @Test
    void wrongShapesAreOneLine() throws Exception {
        Path bad = folder.resolve("shapes.onnx");
        byte[] file = Files.readAllBytes(FIXTURES.resolve("residual.onnx"));
        // (batch, 3, 12, 12): each dimension is a message of two bytes, the field 1 and its value.
        Files.write(bad, replaced(file, "\n\2\b\3\n\2\b\f\n\2\b\f", "\n\2\b\2\n\2\b\f\n\2\b\f"));
        refused(1, "node node_conv2d (Conv): input channels: expected 3, found 2", "inspect", bad.toString());
    }

    /** The last place of a text in a file changed. */
    private static byte[] replaced(byte[] file, String from, String to) {
        String text = new String(file, StandardCharsets.ISO_8859_1);
        int at = text.lastIndexOf(from);
        assertTrue(at >= 0, from + " is not in the file");
        return (text.substring(0, at) + to + text.substring(at + from.length())).getBytes(StandardCharsets.ISO_8859_1);
    }
}
