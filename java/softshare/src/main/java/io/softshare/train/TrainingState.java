package io.softshare.train;

import io.softshare.device.Buffer;
import io.softshare.device.Device;
import io.softshare.graph.Graph;
import io.softshare.network.Arena;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;

/** All that changes while training: parameters, moments, mask, mixture, offsets, codebook. A checkpoint is this, written. */
public final class TrainingState implements AutoCloseable {
    private final Arena arena;
    private final Device device;
    private final long rows;
    private final long columns;

    /** π, μ, σ of the components; null before the first stage with a prior. */
    double[] mixture;
    /** Adam's moments of the mixture. */
    double[] mixtureMoments;
    /** Offsets of the structured zero component; zero length: global. */
    float[] rowOffsets = {};

    float[] columnOffsets = {};
    /** Shared values, [0] = 0; null before soft-to-hard. */
    float[] codebook;
    /** Adam's moments of the codebook. */
    double[] codebookMoments = {};
    /** Entropy penalty of the hard step. */
    float[] penalty = {};
    /**
     * Unquantised weights behind the shared values; null outside the hard stage. In a surgery stage, all weights without
     * their mask.
     */
    float[] latent;

    byte[] assignment = {};
    /** Validation error at the first stage with a prior, for stopErrorIncrease; NaN: not known yet. */
    double startErrorPercent = Double.NaN;

    /** Of the weights of each layer, in a surgery stage. */
    float[] thresholds = {};

    /** Whether the mixture's means are shared values, found by a soften stage: others let means run together. */
    boolean meansAreShared;

    /** Live weights when a regrow stage began. */
    long liveAtStart;

    public TrainingState(Device device, Graph graph) {
        this.device = device;
        arena = new Arena(device, graph, true);
        rows = arena.layout().weights().stream().mapToLong(s -> s.spec().rows()).sum();
        columns = arena.layout().weights().stream()
                .mapToLong(s -> s.spec().columns())
                .sum();
    }

    public Arena arena() {
        return arena;
    }

    /** Remembers the validation error at the start of compression, once. */
    public void noteStartError(double percent) {
        if (Double.isNaN(startErrorPercent)) {
            startErrorPercent = percent;
        }
    }

    /** Validation error at the start of compression; NaN: not known. */
    public double startErrorPercent() {
        return startErrorPercent;
    }

    long rows() {
        return rows;
    }

    long columns() {
        return columns;
    }

    /** The mixture packed as π, μ, σ, or null. */
    public double[] mixture() {
        return mixture == null ? null : mixture.clone();
    }

    /** Shared values ([0] = 0) and each weight's index, after a hard stage; null before. */
    public float[] codebook() {
        return codebook == null ? null : codebook.clone();
    }

    /** Weights before quantisation, in the order of the arena, after a hard stage; null before. */
    public float[] latent() {
        return latent == null ? null : latent.clone();
    }

    public byte[] assignment() {
        return assignment.clone();
    }

    /** Writes everything. */
    public void write(DataOutputStream out) throws IOException {
        writeFloats(out, arena.values().readFloats());
        writeFloats(out, arena.statistics().readFloats());
        writeFloats(out, arena.moment1().readFloats());
        writeFloats(out, arena.moment2().readFloats());
        int[] mask = arena.readMask();
        out.writeInt(mask.length);
        for (int word : mask) {
            out.writeInt(word);
        }
        writeDoubles(out, mixture);
        writeDoubles(out, mixtureMoments);
        writeFloats(out, rowOffsets);
        writeFloats(out, columnOffsets);
        writeFloats(out, codebook);
        writeDoubles(out, codebookMoments);
        writeFloats(out, penalty);
        writeFloats(out, latent);
        out.writeInt(assignment.length);
        out.write(assignment);
        out.writeDouble(startErrorPercent);
        out.writeLong(liveAtStart);
        out.writeBoolean(meansAreShared);
        writeFloats(out, thresholds);
    }

    /** Reads what {@link #write} wrote for the same graph. */
    public void read(DataInputStream in) throws IOException {
        arena.values().write(readFloats(in));
        arena.statistics().write(readFloats(in));
        arena.moment1().write(readFloats(in));
        arena.moment2().write(readFloats(in));
        int[] mask = new int[in.readInt()];
        for (int i = 0; i < mask.length; i++) {
            mask[i] = in.readInt();
        }
        arena.writeMask(mask);
        mixture = readDoubles(in);
        mixtureMoments = readDoubles(in);
        rowOffsets = readFloats(in);
        columnOffsets = readFloats(in);
        codebook = readFloats(in);
        codebookMoments = readDoubles(in);
        penalty = readFloats(in);
        latent = readFloats(in);
        assignment = in.readNBytes(in.readInt());
        startErrorPercent = in.readDouble();
        liveAtStart = in.readLong();
        meansAreShared = in.readBoolean();
        thresholds = readFloats(in);
    }

    private static void writeFloats(DataOutputStream out, float[] values) throws IOException {
        out.writeInt(values == null ? -1 : values.length);
        if (values != null) {
            java.nio.ByteBuffer bytes = java.nio.ByteBuffer.allocate(4 * values.length);
            bytes.asFloatBuffer().put(values);
            out.write(bytes.array());
        }
    }

    private static float[] readFloats(DataInputStream in) throws IOException {
        int length = in.readInt();
        if (length < 0) {
            return null;
        }
        float[] values = new float[length];
        java.nio.ByteBuffer.wrap(in.readNBytes(4 * length)).asFloatBuffer().get(values);
        return values;
    }

    private static void writeDoubles(DataOutputStream out, double[] values) throws IOException {
        out.writeInt(values == null ? -1 : values.length);
        if (values != null) {
            for (double value : values) {
                out.writeDouble(value);
            }
        }
    }

    private static double[] readDoubles(DataInputStream in) throws IOException {
        int length = in.readInt();
        if (length < 0) {
            return null;
        }
        double[] values = new double[length];
        for (int i = 0; i < length; i++) {
            values[i] = in.readDouble();
        }
        return values;
    }

    /** A device copy of host floats. */
    Buffer floats(float[] values) {
        Buffer buffer = device.floats(values.length);
        buffer.write(values);
        return buffer;
    }

    /** A device copy of host bytes. */
    Buffer bytes(byte[] values) {
        Buffer buffer = device.allocate(values.length);
        buffer.write(values);
        return buffer;
    }

    /** A device copy of host doubles. */
    Buffer doubles(double[] values) {
        Buffer buffer = device.allocate(8L * values.length);
        buffer.write(values);
        return buffer;
    }

    @Override
    public void close() {
        arena.close();
    }
}
