package io.softshare.onnx;

import io.softshare.safetensors.NamedTensor;
import io.softshare.safetensors.StateDict;
import java.io.IOException;
import java.nio.file.Path;

/** The kept files: made by src/test/python/onnx_fixtures.py. */
final class Fixtures {
    static final Path FOLDER = Path.of("src/test/resources/io/softshare/onnx");

    /** PyTorch's inputs and logits. */
    record Case(float[] x, float[] logits) {}

    private Fixtures() {}

    static Path file(String name) {
        return FOLDER.resolve(name + ".onnx");
    }

    static Case expected(Path safetensors) throws IOException {
        StateDict dict = StateDict.read(safetensors);
        return new Case(tensor(dict, "x"), tensor(dict, "logits"));
    }

    private static float[] tensor(StateDict dict, String name) {
        return dict.tensors().stream()
                .filter(t -> t.name().equals(name))
                .map(NamedTensor::values)
                .findFirst()
                .orElseThrow();
    }
}
