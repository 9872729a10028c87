package io.softshare.train;

import io.softshare.device.Buffer;
import io.softshare.device.Device;
import io.softshare.graph.Graph;
import io.softshare.network.Arena;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.List;

/** All that changes while training: parameters, moments, mask, mixtures, offsets, shared values. A checkpoint is this, written. */
public final class TrainingState implements AutoCloseable {
    private final Arena arena;
    private final Device device;
    private final long rows;
    private final long columns;

    /** Mixtures and shared values, and the weights they are of. */
    private List<MixtureGroup> groups;

    /** Offsets of the structured zero component; zero length: global. */
    float[] rowOffsets = {};

    float[] columnOffsets = {};
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
        groups = MixtureGroup.of(arena.layout(), false);
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

    /** Which weights have a mixture together; one of all weights until {@link #group}. */
    List<MixtureGroup> groups() {
        return groups;
    }

    /** Decides before the first stage with a prior or shared values which weights have a mixture together; no effect after it. */
    void group(boolean perLayer) {
        if (groups.stream().allMatch(g -> g.mixture == null)) {
            groups = MixtureGroup.of(arena.layout(), perLayer);
        }
    }

    /** Whether there are mixtures yet. */
    boolean hasMixture() {
        return groups.get(0).mixture != null;
    }

    /** The mixture of all weights, or those of the weight tensors in turn, each packed as π, μ, σ; none before there are any. */
    public List<double[]> mixtures() {
        return hasMixture() ? groups.stream().map(g -> g.mixture.clone()).toList() : List.of();
    }

    /** Shared values ([0] = 0) of all weights, or of each weight tensor, after a hard stage; none before. */
    public List<float[]> codebooks() {
        return groups.get(0).codebook == null
                ? List.of()
                : groups.stream().map(g -> g.codebook.clone()).toList();
    }

    /** Weights before quantisation, in the order of the arena, after a hard stage; null before. */
    public float[] latent() {
        return latent == null ? null : latent.clone();
    }

    /** Each weight's index into its shared values, in the order of the arena. */
    public byte[] assignment() {
        return assignment.clone();
    }

    /** Writes everything. */
    public void write(DataOutputStream out) throws IOException {
        StateArrays.write(out, arena.values().readFloats());
        StateArrays.write(out, arena.statistics().readFloats());
        StateArrays.write(out, arena.moment1().readFloats());
        StateArrays.write(out, arena.moment2().readFloats());
        int[] mask = arena.readMask();
        out.writeInt(mask.length);
        for (int word : mask) {
            out.writeInt(word);
        }
        out.writeInt(groups.size());
        for (MixtureGroup group : groups) {
            group.write(out);
        }
        StateArrays.write(out, rowOffsets);
        StateArrays.write(out, columnOffsets);
        StateArrays.write(out, latent);
        out.writeInt(assignment.length);
        out.write(assignment);
        out.writeDouble(startErrorPercent);
        out.writeLong(liveAtStart);
        out.writeBoolean(meansAreShared);
        StateArrays.write(out, thresholds);
    }

    /** Reads what {@link #write} wrote for the same graph. */
    public void read(DataInputStream in) throws IOException {
        arena.values().write(StateArrays.readFloats(in));
        arena.statistics().write(StateArrays.readFloats(in));
        arena.moment1().write(StateArrays.readFloats(in));
        arena.moment2().write(StateArrays.readFloats(in));
        int[] mask = new int[in.readInt()];
        for (int i = 0; i < mask.length; i++) {
            mask[i] = in.readInt();
        }
        arena.writeMask(mask);
        groups = MixtureGroup.of(arena.layout(), in.readInt() > 1);
        for (MixtureGroup group : groups) {
            group.read(in);
        }
        rowOffsets = StateArrays.readFloats(in);
        columnOffsets = StateArrays.readFloats(in);
        latent = StateArrays.readFloats(in);
        assignment = in.readNBytes(in.readInt());
        startErrorPercent = in.readDouble();
        liveAtStart = in.readLong();
        meansAreShared = in.readBoolean();
        thresholds = StateArrays.readFloats(in);
    }

    /** A device copy of host floats. */
    Buffer floats(float[] values) {
        Buffer buffer = device.floats(values.length);
        buffer.write(values);
        return buffer;
    }

    /** A device copy of host ints. */
    Buffer ints(int[] values) {
        Buffer buffer = device.allocate(4L * values.length);
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
