package io.softshare.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Map;

/** A file in ONNX Runtime: the judge of what is written. */
public final class Ort implements AutoCloseable {
    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final OrtSession session;

    public Ort(Path file) throws OrtException {
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(1);
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.BASIC_OPT);
            session = environment.createSession(file.toString(), options);
        }
    }

    public String input() {
        return session.getInputNames().iterator().next();
    }

    public String output() {
        return session.getOutputNames().iterator().next();
    }

    /** The output for a batch of inputs, row after row. */
    public float[] run(float[] x, long... shape) throws OrtException {
        try (OnnxTensor in = OnnxTensor.createTensor(environment, FloatBuffer.wrap(x), shape);
                OrtSession.Result result = session.run(Map.of(input(), in))) {
            float[][] rows = (float[][]) result.get(0).getValue();
            float[] flat = new float[rows.length * rows[0].length];
            for (int i = 0; i < rows.length; i++) {
                System.arraycopy(rows[i], 0, flat, i * rows[0].length, rows[0].length);
            }
            return flat;
        }
    }

    @Override
    public void close() throws OrtException {
        session.close();
    }
}
