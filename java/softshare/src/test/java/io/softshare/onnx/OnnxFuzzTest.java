package io.softshare.onnx;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.softshare.Allocation;
import io.softshare.codec.Codecs;
import io.softshare.codec.CompressedTensor;
import io.softshare.codec.FloatTensor;
import io.softshare.codec.Limits;
import io.softshare.container.CompressedModel;
import io.softshare.container.SwsReader;
import io.softshare.container.SwsWriter;
import io.softshare.graph.Shape;
import io.softshare.graph.TensorSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Timeout;

/** Any bytes as an ONNX file: it is refused in one line, or its network can be written as ONNX and as .sws and comes back. */
class OnnxFuzzTest {
    private static final OnnxLimits SMALL = new OnnxLimits(1 << 16, 4_000, 60);

    /** Memory beside what follows. */
    private static final long FIXED = 1 << 20;

    /** Bytes of memory for each byte of the file and each element: messages of two bytes become objects. */
    private static final long SHARE = 200;

    @FuzzTest
    @Timeout(20)
    void anyBytes(byte[] file) throws Exception {
        Shape images = file.length % 2 == 0 ? null : new Shape(2, 6, 6);
        OnnxNetwork network;
        try {
            network = Allocation.within(
                    FIXED + SHARE * (file.length + SMALL.elements()), () -> OnnxReader.read(file, images, SMALL));
        } catch (OnnxException e) {
            if (e.getMessage().length() > 3000 || e.getMessage().chars().anyMatch(Character::isISOControl)) {
                throw new AssertionError("a refusal is one short line of text", e);
            }
            return;
        }
        checkOnnx(network);
        checkSws(network);
    }

    private static void checkOnnx(OnnxNetwork network) throws Exception {
        Path path = Files.createTempFile("fuzz", ".onnx");
        try {
            OnnxWriter.write(path, network.graph(), network.tensors());
            OnnxNetwork back = OnnxReader.read(path, network.graph().input());
            List<float[]> written = List.copyOf(network.tensors().values());
            List<float[]> read = List.copyOf(back.tensors().values());
            boolean same = written.size() == read.size();
            for (int i = 0; same && i < written.size(); i++) {
                same = Arrays.equals(written.get(i), read.get(i));
            }
            if (!same) {
                throw new AssertionError("written and read again, it is another network: " + back.graph());
            }
        } finally {
            Files.delete(path);
        }
    }

    private static void checkSws(OnnxNetwork network) throws Exception {
        List<CompressedTensor> tensors = new ArrayList<>();
        for (TensorSpec spec : network.graph().tensors()) {
            tensors.add(new FloatTensor(spec, network.tensors().get(spec.name())));
        }
        CompressedModel model = new CompressedModel(network.graph(), tensors);
        byte[] sws = SwsWriter.encode(model, Codecs.defaultCodec());
        if (!SwsReader.read(sws, Limits.DEFAULT).model().equals(model)) {
            throw new AssertionError("stored and read again, it is another network: " + network.graph());
        }
    }
}
