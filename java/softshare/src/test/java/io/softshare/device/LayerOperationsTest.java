package io.softshare.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each layer alone on CUDA, by the fused kernels and by cuDNN, against the CPU's (oneDNN's and own). */
@Tag("cuda")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LayerOperationsTest {
    private Device cpu;
    private Device cuda;

    @BeforeAll
    void open() {
        String problem = CudaDevice.problem();
        assumeTrue(problem == null, problem);
        cpu = CpuDevice.open(2);
        cuda = CudaDevice.open(Precision.FP32);
    }

    @AfterAll
    void close() {
        if (cuda != null) {
            cuda.close();
            cpu.close();
        }
    }

    private List<LayerOperations> ways() {
        String missing = CudaDevice.cudnnProblem();
        assumeTrue(missing == null, missing);
        return List.of(cuda.layers(true), cuda.layers(false));
    }

    private static float[] normals(long count, int stream) {
        float[] values = new float[Math.toIntExact(count)];
        int[] words = new int[4];
        for (int i = 0; i < values.length; i++) {
            Philox.block(11, i, stream, Philox.PURPOSE_OTHER, words);
            values[i] = (float) Philox.normal(words[0], words[1]);
        }
        return values;
    }

    private static Buffer given(Device device, float[] values) {
        Buffer buffer = device.floats(values.length);
        buffer.write(values);
        return buffer;
    }

    /** Sums of up to a few hundred products of normal numbers in float32. */
    private static void close(String what, float[] expected, float[] found) {
        assertEquals(expected.length, found.length);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], found[i], 2e-5 * (1 + Math.abs(expected[i])), what + " at " + i);
        }
    }

    private interface Layer {
        void forward(Buffer x, Buffer w, Buffer b, Buffer y);

        void backward(Buffer x, Buffer y, Buffer dy, Buffer w, Buffer dx, Buffer dw, Buffer db);
    }

    /** y, dx, dweights, dbias. */
    private static float[][] run(Device device, Layer layer, long in, long weights, int biases, long out) {
        try (Buffer x = given(device, normals(in, 1));
                Buffer w = given(device, normals(weights, 2));
                Buffer b = given(device, normals(biases, 3));
                Buffer dy = given(device, normals(out, 4));
                Buffer y = device.floats(out);
                Buffer dx = device.floats(in);
                Buffer dw = device.floats(weights);
                Buffer db = device.floats(biases)) {
            layer.forward(x, w, biases > 0 ? b : null, y);
            layer.backward(x, null, dy, w, dx, dw, biases > 0 ? db : null);
            float[][] all = {y.readFloats(), dx.readFloats(), dw.readFloats(), db.readFloats()};
            layer.backward(x, null, dy, w, null, dw, biases > 0 ? db : null);
            close("dweights without dx", all[2], dw.readFloats());
            return all;
        }
    }

    private void compare(java.util.function.Function<LayerOperations, Layer> make, long in, long w, int b, long out) {
        float[][] expected = run(cpu, make.apply(cpu.layers(true)), in, w, b, out);
        for (LayerOperations operations : ways()) {
            float[][] found = run(cuda, make.apply(operations), in, w, b, out);
            String name = operations.getClass().getSimpleName();
            for (int i = 0; i < 4; i++) {
                close(name + "'s " + List.of("y", "dx", "dweights", "dbias").get(i), expected[i], found[i]);
            }
        }
    }

    private static Layer of(ConvolutionOperation op) {
        return new Layer() {
            @Override
            public void forward(Buffer x, Buffer w, Buffer b, Buffer y) {
                op.forward(x, w, b, y);
            }

            @Override
            public void backward(Buffer x, Buffer y, Buffer dy, Buffer w, Buffer dx, Buffer dw, Buffer db) {
                op.backward(x, y, dy, w, dx, dw, db);
            }
        };
    }

    private static Layer of(LinearOperation op) {
        return new Layer() {
            @Override
            public void forward(Buffer x, Buffer w, Buffer b, Buffer y) {
                op.forward(x, w, b, y);
            }

            @Override
            public void backward(Buffer x, Buffer y, Buffer dy, Buffer w, Buffer dx, Buffer dw, Buffer db) {
                op.backward(x, y, dy, w, dx, dw, db);
            }
        };
    }

    @ParameterizedTest
    @CsvSource({
        "2, 3, 13, 7, 10, 3, 3, 2, 1, 1",
        "1, 1, 5, 5, 1, 3, 3, 1, 0, 0",
        "3, 5, 7, 13, 3, 1, 1, 2, 0, 1",
        "2, 17, 6, 5, 19, 3, 2, 1, 1, 0",
        "3, 4, 9, 12, 6, 5, 5, 1, 0, 1"
    })
    void convolution(
            int batch,
            int in,
            int height,
            int width,
            int out,
            int kernelHeight,
            int kernelWidth,
            int stride,
            int pad,
            int flags) {
        ConvolutionOperation.Sizes s = new ConvolutionOperation.Sizes(
                batch, in, height, width, out, kernelHeight, kernelWidth, stride, stride, pad, pad, flags);
        compare(o -> of(o.convolution(s)), s.inputs(), s.weights(), (int) s.biases(), s.outputs());
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1, 0", "3, 37, 11, 1", "17, 20, 33, 0"})
    void linear(int batch, int in, int out, int flags) {
        compare(
                o -> of(o.linear(batch, in, out, flags)),
                (long) batch * in,
                (long) in * out,
                flags == 0 ? 0 : out,
                (long) batch * out);
    }

    @ParameterizedTest
    @CsvSource({
        "MAX, 2, 3, 8, 6, 2, 2, 0",
        "MAX, 1, 5, 7, 9, 3, 2, 1",
        "AVERAGE, 2, 3, 8, 8, 8, 8, 0",
        "AVERAGE, 1, 4, 7, 5, 3, 2, 1"
    })
    void pool(
            PoolOperation.Kind kind, int batch, int channels, int height, int width, int kernel, int stride, int pad) {
        PoolOperation.Sizes s =
                new PoolOperation.Sizes(kind, batch, channels, height, width, kernel, kernel, stride, stride, pad, pad);
        float[][] expected = pool(cpu, cpu.layers(true).pool(s), s);
        for (LayerOperations operations : ways()) {
            float[][] found = pool(cuda, operations.pool(s), s);
            close(operations.getClass().getSimpleName() + "'s y", expected[0], found[0]);
            close(operations.getClass().getSimpleName() + "'s dx", expected[1], found[1]);
        }
    }

    private static float[][] pool(Device device, PoolOperation op, PoolOperation.Sizes s) {
        try (Buffer x = given(device, normals(s.inputs(), 5));
                Buffer dy = given(device, normals(s.outputs(), 6));
                Buffer y = device.floats(s.outputs());
                Buffer dx = device.floats(s.inputs());
                Buffer argmax = device.allocate(s.outputs())) {
            Buffer kept = s.kind() == PoolOperation.Kind.MAX ? argmax : null;
            op.forward(x, y, kept);
            op.backward(x, y, dy, kept, dx);
            op.close();
            assertThrows(IllegalStateException.class, () -> op.forward(x, y, kept));
            return new float[][] {y.readFloats(), dx.readFloats()};
        }
    }

    @ParameterizedTest
    @CsvSource({
        "2, 1, 12, 11, 20, 5, 1, 0, 2, 0, 3",
        "3, 5, 9, 12, 7, 3, 2, 1, 2, 1, 1",
        "1, 2, 13, 7, 4, 3, 1, 1, 3, 1, 2"
    })
    void convolutionWithItsPool(
            int batch,
            int in,
            int height,
            int width,
            int out,
            int kernel,
            int stride,
            int pad,
            int window,
            int windowPad,
            int flags) {
        ConvolutionPoolOperation.Sizes s = new ConvolutionPoolOperation.Sizes(
                new ConvolutionOperation.Sizes(
                        batch, in, height, width, out, kernel, kernel, stride, stride, pad, pad, flags),
                window,
                window,
                windowPad,
                windowPad);
        assertTrue(cuda.layers(true).fusesPool(s) && !cpu.layers(true).fusesPool(s));
        float[][] expected = convolutionPool(cpu, s);
        float[][] found = convolutionPool(cuda, s);
        for (int i = 0; i < expected.length; i++) {
            close(List.of("y", "dx", "dweights", "dbias").get(i), expected[i], found[i]);
        }
    }

    private static float[][] convolutionPool(Device device, ConvolutionPoolOperation.Sizes s) {
        ConvolutionOperation.Sizes c = s.convolution();
        try (Buffer x = given(device, normals(c.inputs(), 1));
                Buffer w = given(device, normals(c.weights(), 2));
                Buffer bias = given(device, normals(c.outChannels(), 3));
                Buffer dy = given(device, normals(s.outputs(), 4));
                Buffer y = device.floats(s.outputs());
                Buffer argmax = device.allocate(s.outputs());
                Buffer dx = device.floats(c.inputs());
                Buffer dw = device.floats(c.weights());
                Buffer db = device.floats(c.outChannels())) {
            Buffer b = c.biases() > 0 ? bias : null;
            float[][] all;
            try (ConvolutionPoolOperation op = device.layers(true).convolutionPool(s, false)) {
                op.forward(x, w, b, y, argmax);
                op.backward(x, argmax, dy, w, dx, dw, b == null ? null : db);
                all = new float[][] {y.readFloats(), dx.readFloats(), dw.readFloats(), db.readFloats()};
                assertThrows(IllegalArgumentException.class, () -> op.forward(x, w, b, bias, argmax));
            }
            try (ConvolutionPoolOperation op = device.layers(true).convolutionPool(s, true)) {
                op.forward(x, w, b, y, null);
                close("y without winners", all[0], y.readFloats());
                op.backward(x, argmax, dy, w, null, dw, b == null ? null : db);
                close("dweights alone", all[2], dw.readFloats());
                assertThrows(DeviceException.class, () -> op.backward(x, argmax, dy, w, dx, dw, b == null ? null : db));
            }
            return all;
        }
    }

    @Test
    void rectifier() {
        int count = 1021;
        float[] x = normals(count, 7);
        float[] dy = normals(count, 8);
        for (LayerOperations operations : ways()) {
            try (Buffer values = given(cuda, x);
                    Buffer gradient = given(cuda, dy)) {
                operations.reluForward(count, values, values);
                operations.reluBackward(count, values, gradient, gradient);
                float[] y = values.readFloats();
                float[] dx = gradient.readFloats();
                for (int i = 0; i < count; i++) {
                    assertEquals(Math.max(x[i], 0), y[i]);
                    assertEquals(x[i] > 0 ? dy[i] : 0, dx[i]);
                }
            }
        }
    }

    @Test
    void whatCudnnDoesNotFuseIsRefused() {
        LayerOperations operations = ways().get(1);
        assertTrue(!operations.fusesRectifier());
        ConvolutionPoolOperation.Sizes pooled = new ConvolutionPoolOperation.Sizes(
                new ConvolutionOperation.Sizes(1, 1, 4, 4, 1, 1, 1, 1, 1, 0, 0, 0), 2, 2, 0, 0);
        assertTrue(!operations.fusesPool(pooled));
        assertThrows(UnsupportedOperationException.class, () -> operations.convolutionPool(pooled, false));
        assertThrows(IllegalArgumentException.class, () -> operations.linear(2, 3, 4, Kernels.RELU));
        try (LinearOperation op = operations.linear(2, 3, 4, Kernels.BIAS);
                Buffer x = cuda.floats(6);
                Buffer w = cuda.floats(12);
                Buffer b = cuda.floats(4);
                Buffer y = cuda.floats(8)) {
            assertThrows(IllegalArgumentException.class, () -> op.forward(x, w, null, y));
            assertThrows(IllegalArgumentException.class, () -> op.forward(y, x, b, w));
        }
    }
}
