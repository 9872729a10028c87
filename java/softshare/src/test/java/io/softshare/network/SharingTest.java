package io.softshare.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.device.Buffer;
import io.softshare.device.CpuDevice;
import io.softshare.device.Device;
import io.softshare.graph.Graph;
import io.softshare.graph.GraphBuilder;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.Shape;
import io.softshare.network.ParameterLayout.Slot;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Sums of branches: who shares a buffer, and that gradients stay the slopes of the loss, tensor by tensor. */
class SharingTest {
    private static final Shape IMAGE = new Shape(3, 6, 6);

    private static GraphBuilder stem(String name) {
        return new GraphBuilder(name, IMAGE, Preprocessing.unit(3)).convolution("x", 4, 3, 1, 1, true);
    }

    private static Graph end(GraphBuilder graph) {
        return graph.globalAveragePool("pool").flatten("flat").linear("fc", 10).build();
    }

    private static Graph residual() {
        return end(stem("residual")
                .batchNorm("bn")
                .relu("bn.relu")
                .convolution("late", 4, 3, 1, 1, true)
                .addTo("y", "x"));
    }

    private static Graph rectifiedBranch() {
        return end(stem("rectified branch")
                .convolution("late", 4, 3, 1, 1, true)
                .relu("late.relu")
                .addTo("y", "x"));
    }

    /** "other" reads x behind "late" and adds to its gradient before late's layer runs backward. */
    private static Graph readInBetween() {
        return end(stem("read in between")
                .convolution("late", 4, 3, 1, 1, true)
                .from("x")
                .convolution("other", 4, 1, 1, 0, true)
                .from("late")
                .addTo("y", "x")
                .addTo("z", "other"));
    }

    static Stream<Graph> graphs() {
        return Stream.of(
                residual(),
                rectifiedBranch(),
                readInBetween(),
                end(stem("rectified sum")
                        .convolution("late", 4, 3, 1, 1, false)
                        .addTo("y", "x")
                        .relu("y.relu")
                        .convolution("next", 4, 3, 1, 1, true)
                        .addTo("z", "y.relu")
                        .batchNorm("z.bn")),
                end(new GraphBuilder("the image", IMAGE, Preprocessing.unit(3))
                        .convolution("late", 3, 3, 1, 1, true)
                        .addTo("y", Graph.INPUT)),
                end(stem("twice itself").addTo("y", "x").addTo("z", "x")),
                end(stem("two convolutions")
                        .relu("x.relu")
                        .convolution("shortcut", 5, 1, 2, 0, false)
                        .from("x.relu")
                        .convolution("late", 5, 3, 2, 1, true)
                        .batchNorm("late.bn")
                        .addTo("y", "shortcut")));
    }

    @ParameterizedTest
    @MethodSource("graphs")
    void gradientsAreSlopes(Graph graph) {
        try (Device device = CpuDevice.open(2);
                Arena arena = new Arena(device, graph, true);
                Network network = new Network(device, graph, arena, NetworkTest.BATCH, true);
                Buffer labels = device.allocate(4 * NetworkTest.BATCH);
                Buffer totals = device.allocate(32)) {
            arena.initialise(3);
            labels.write(0, 1, 2, 3, 4, 5, 6, 7);
            network.input().write(NetworkTest.normals((int) (network.input().bytes() / 4), 1));
            NetworkTest.loss(device, network, labels, totals, true);
            network.backward();
            float[] gradient = arena.gradient().readFloats();
            float[] values = arena.values().readFloats();
            int compared = 0;
            for (Slot slot : Stream.concat(arena.layout().weights().stream(), arena.layout().others().stream())
                    .toList()) {
                int first = (int) slot.offset();
                int end = first + slot.spec().size();
                double norm = 0;
                for (int i = first; i < end; i++) {
                    norm += (double) gradient[i] * gradient[i];
                }
                if (norm < 1e-5) {
                    continue; // a bias before a batch-norm
                }
                double h = 2e-3 / Math.sqrt(norm);
                double[] loss = new double[2];
                for (int side = 0; side < 2; side++) {
                    float[] moved = values.clone();
                    for (int i = first; i < end; i++) {
                        moved[i] += (float) ((1 - 2 * side) * h * gradient[i]);
                    }
                    arena.values().write(moved);
                    loss[side] = NetworkTest.loss(device, network, labels, totals, false);
                }
                assertEquals(
                        1,
                        (loss[0] - loss[1]) / (2 * h) / norm,
                        5e-2,
                        slot.spec().name());
                compared++;
            }
            assertTrue(compared >= 3, "tensors compared: " + compared);
        }
    }

    @Test
    void aResidualSumSharesItsGradientWithBothBranches() {
        Sharing sharing = sharing(residual());
        assertEquals(List.of("x", "x"), Arrays.asList(sharing.gradientOf("y"), sharing.gradientOf("late")));
        assertEquals("late", sharing.dataOf("y"));
        assertNull(sharing.gradientOf("x"));
    }

    @Test
    void aBranchThatMasksItsGradientHasOneOfItsOwn() {
        List<Network.Plan> plans = plans(rectifiedBranch());
        Network.Plan late = plans.get(1);
        plans.set(
                1,
                new Network.Plan(late.node(), null, true, false, plans.remove(2).node()));
        Sharing sharing = new Sharing(plans, Graph.INPUT);
        assertEquals("x", sharing.gradientOf("y"));
        assertNull(sharing.gradientOf("late.relu"));
        assertNull(sharing.dataOf("y"));
    }

    @Test
    void aBranchThatWouldBeReadTooLateHasOneOfItsOwn() {
        Sharing sharing = sharing(readInBetween());
        assertEquals("x", sharing.gradientOf("y"));
        assertNull(sharing.gradientOf("late"));
        assertEquals("late", sharing.dataOf("y"));
        assertEquals("other", sharing.gradientOf("z"));
        assertNull(sharing.dataOf("z"));
    }

    private static Sharing sharing(Graph graph) {
        return new Sharing(plans(graph), Graph.INPUT);
    }

    private static List<Network.Plan> plans(Graph graph) {
        return new ArrayList<>(
                graph.nodes().stream().map(n -> Network.Plan.of(n, false)).toList());
    }
}
