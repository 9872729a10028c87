package io.softshare.network;

import io.softshare.device.Buffer;
import io.softshare.device.Device;
import io.softshare.device.Philox;
import io.softshare.graph.Graph;
import io.softshare.graph.TensorRole;
import io.softshare.graph.TensorSpec;
import io.softshare.network.ParameterLayout.Slot;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * All parameters of a network in one buffer, weights first; for training also gradients, Adam's two moments, and the mask
 * of live weights. Layers hold views into it. Closing frees the memory.
 */
public final class Arena implements AutoCloseable {
    private final ParameterLayout layout;
    private final Buffer values;
    private final Buffer statistics;
    private final Buffer gradient;
    private final Buffer moment1;
    private final Buffer moment2;
    private final Buffer liveBits;
    private boolean masked;

    /** Zeroed memory for the graph's parameters; for inference no gradients and moments. */
    public Arena(Device device, Graph graph, boolean training) {
        layout = new ParameterLayout(graph);
        values = device.floats(layout.parameterCount());
        statistics = device.floats(layout.statisticCount());
        gradient = training ? device.floats(layout.parameterCount()) : null;
        moment1 = training ? device.floats(layout.parameterCount()) : null;
        moment2 = training ? device.floats(layout.parameterCount()) : null;
        liveBits = training ? device.allocate((layout.weightCount() + 31) / 32 * 4) : null;
    }

    public ParameterLayout layout() {
        return layout;
    }

    /** Weights, then other parameters. */
    public Buffer values() {
        return values;
    }

    /** Running statistics of batch-norm. */
    public Buffer statistics() {
        return statistics;
    }

    /** Gradient of the task's loss, in the order of the values; null for inference. */
    public Buffer gradient() {
        return gradient;
    }

    public Buffer moment1() {
        return moment1;
    }

    public Buffer moment2() {
        return moment2;
    }

    /** A bit a weight, 0: frozen at +0; null while all are live (the dense state). */
    public Buffer live() {
        return masked ? liveBits : null;
    }

    /** Goes over to the masked state, all weights live if it was dense. */
    public Buffer mask() {
        if (!masked) {
            int[] words = new int[(int) (liveBits.bytes() / 4)];
            Arrays.fill(words, -1);
            if (layout.weightCount() % 32 != 0) {
                words[words.length - 1] = (1 << layout.weightCount() % 32) - 1;
            }
            liveBits.write(words);
            masked = true;
        }
        return liveBits;
    }

    /** Words of the mask, or none in the dense state. For checkpoints. */
    public int[] readMask() {
        return masked ? liveBits.readInts((int) (liveBits.bytes() / 4)) : new int[0];
    }

    /** Sets the mask as {@link #readMask} gave it. */
    public void writeMask(int[] words) {
        masked = words.length > 0;
        if (masked) {
            liveBits.write(words);
        }
    }

    /** Number of live weights. */
    public long liveCount() {
        if (!masked) {
            return layout.weightCount();
        }
        long count = 0;
        for (int word : readMask()) {
            count += Integer.bitCount(word);
        }
        return count;
    }

    /** View of a tensor's values. */
    public Buffer view(String tensor) {
        Slot slot = layout.slot(tensor);
        Buffer buffer = slot.spec().role().trainable() ? values : statistics;
        return buffer.floatView(slot.offset(), slot.spec().size());
    }

    /** View of a trainable tensor's gradient. */
    public Buffer gradientView(String tensor) {
        Slot slot = layout.slot(tensor);
        return gradient.floatView(slot.offset(), slot.spec().size());
    }

    /** Sets Adam's moments to zero. */
    public void clearMoments() {
        moment1.clear();
        moment2.clear();
    }

    /** All tensors by name, in the order of the graph's weights, others, statistics. */
    public Map<String, float[]> read() {
        Map<String, float[]> tensors = new LinkedHashMap<>();
        for (Slot slot : layout.weights()) {
            tensors.put(slot.spec().name(), readSlot(values, slot));
        }
        for (Slot slot : layout.others()) {
            tensors.put(slot.spec().name(), readSlot(values, slot));
        }
        for (Slot slot : layout.statistics()) {
            tensors.put(slot.spec().name(), readSlot(statistics, slot));
        }
        return tensors;
    }

    private static float[] readSlot(Buffer buffer, Slot slot) {
        return buffer.readFloats(slot.offset(), slot.spec().size());
    }

    /** Sets tensors by name; those not named stay. Sizes must fit. */
    public void write(Map<String, float[]> tensors) {
        tensors.forEach((name, data) -> {
            Slot slot = layout.slot(name);
            if (data.length != slot.spec().size()) {
                throw new IllegalArgumentException(
                        name + ": expected " + slot.spec().size() + " values, found " + data.length);
            }
            (slot.spec().role().trainable() ? values : statistics).write(slot.offset(), data, 0, data.length);
        });
    }

    /**
     * Start values, drawn from Philox by seed and tensor: weights normal with variance 2 / fan-in (He et al. 2015), biases
     * and batch-norm shifts 0, scales 1, running mean 0, running variance 1.
     */
    public void initialise(long seed) {
        int number = 0;
        for (Slot slot : layout.weights()) {
            TensorSpec spec = slot.spec();
            double deviation = Math.sqrt(2.0 / ((double) spec.columns() * spec.kernel()));
            float[] data = new float[spec.size()];
            int[] words = new int[4];
            for (int i = 0; i < data.length; i++) {
                Philox.block(seed, i, number, Philox.PURPOSE_INITIALISATION, words);
                data[i] = (float) (deviation * Philox.normal(words[0], words[1]));
            }
            values.write(slot.offset(), data, 0, data.length);
            number++;
        }
        for (Slot slot : layout.others()) {
            fill(values, slot, slot.spec().role() == TensorRole.SCALE ? 1 : 0);
        }
        for (Slot slot : layout.statistics()) {
            fill(statistics, slot, slot.spec().role() == TensorRole.RUNNING_VARIANCE ? 1 : 0);
        }
    }

    private static void fill(Buffer buffer, Slot slot, float value) {
        float[] data = new float[slot.spec().size()];
        Arrays.fill(data, value);
        buffer.write(slot.offset(), data, 0, data.length);
    }

    @Override
    public void close() {
        for (Buffer buffer : new Buffer[] {values, statistics, gradient, moment1, moment2, liveBits}) {
            if (buffer != null) {
                buffer.close();
            }
        }
    }
}
