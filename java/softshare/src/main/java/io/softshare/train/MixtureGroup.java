package io.softshare.train;

import io.softshare.network.ParameterLayout;
import io.softshare.network.ParameterLayout.Slot;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Weight tensors that have one mixture, and after it one set of shared values: all of a network's, or one of them (the recipe's
 * {@code prior.perLayer}). What is learned of them is here; null or empty before the stage that makes it.
 */
final class MixtureGroup {
    /** The tensors, neighbours in the arena. */
    final List<Slot> slots;
    /** Where their weights begin in the arena, and how many there are. */
    final long first;

    final long count;
    /** Where their rows and columns begin among those of all tensors, and how many there are. */
    final int firstRow;

    final int rows;
    final int firstColumn;
    final int columns;

    /** π, μ, σ of the components; null before the first stage with a prior. */
    double[] mixture;
    /** Adam's moments of the mixture. */
    double[] mixtureMoments;
    /** Shared values, [0] = 0; null before soft-to-hard. */
    float[] codebook;
    /** Adam's moments of the codebook. */
    double[] codebookMoments = {};
    /** Entropy penalty of the hard step. */
    float[] penalty = {};

    private MixtureGroup(List<Slot> slots, int firstRow, int firstColumn) {
        this.slots = List.copyOf(slots);
        this.first = slots.isEmpty() ? 0 : slots.get(0).offset();
        this.count = slots.isEmpty() ? 0 : slots.get(slots.size() - 1).end() - first;
        this.firstRow = firstRow;
        this.firstColumn = firstColumn;
        this.rows = slots.stream().mapToInt(s -> s.spec().rows()).sum();
        this.columns = slots.stream().mapToInt(s -> s.spec().columns()).sum();
    }

    /** Of a network's weights: one group for all of them, or one for each tensor. */
    static List<MixtureGroup> of(ParameterLayout layout, boolean perLayer) {
        if (!perLayer) {
            return List.of(new MixtureGroup(layout.weights(), 0, 0));
        }
        List<MixtureGroup> groups = new ArrayList<>();
        int row = 0;
        int column = 0;
        for (Slot slot : layout.weights()) {
            MixtureGroup group = new MixtureGroup(List.of(slot), row, column);
            groups.add(group);
            row += group.rows;
            column += group.columns;
        }
        return List.copyOf(groups);
    }

    /** Number of components. */
    int components() {
        return mixture.length / 3;
    }

    void write(DataOutputStream out) throws IOException {
        StateArrays.write(out, mixture);
        StateArrays.write(out, mixtureMoments);
        StateArrays.write(out, codebook);
        StateArrays.write(out, codebookMoments);
        StateArrays.write(out, penalty);
    }

    /** Reads what {@link #write} wrote. */
    void read(DataInputStream in) throws IOException {
        mixture = StateArrays.readDoubles(in);
        mixtureMoments = StateArrays.readDoubles(in);
        codebook = StateArrays.readFloats(in);
        codebookMoments = StateArrays.readDoubles(in);
        penalty = StateArrays.readFloats(in);
    }
}
