package io.softshare.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.graph.Graph;
import io.softshare.graph.Node;
import io.softshare.graph.Operation;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.Shape;
import io.softshare.graph.TensorSpec;
import io.softshare.graph.models.Models;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StateDictTest {
    private static final Graph WRN =
            Models.find("wrn-16-4", new Shape(3, 8, 8), 10).orElseThrow();

    private static Map<String, float[]> values(Graph graph) {
        Map<String, float[]> values = new HashMap<>();
        int n = 0;
        for (TensorSpec spec : graph.tensors()) {
            float[] v = new float[spec.size()];
            v[0] = ++n;
            values.put(spec.name(), v);
        }
        return values;
    }

    private static List<NamedTensor> renamed(String prefix) {
        return new ArrayList<>(StateDict.of(WRN, values(WRN)).tensors().stream()
                .filter(t -> !StateDict.isCounter(t))
                .map(t -> new NamedTensor(prefix + t.name(), t.shape(), t.values()))
                .toList());
    }

    private static String fault(List<NamedTensor> tensors) {
        return assertThrows(SafetensorsException.class, () -> new StateDict(tensors, Map.of()).forGraph(WRN))
                .getMessage();
    }

    @Test
    void givesTheGraphsTensorsInItsOrder() throws Exception {
        Map<String, float[]> expected = values(WRN);
        for (String prefix : new String[] {"", "module.", "model.net."}) {
            List<NamedTensor> tensors = renamed(prefix);
            java.util.Collections.reverse(tensors);
            tensors.add(new NamedTensor(prefix + "bn.num_batches_tracked", List.of(), new float[1]));
            Map<String, float[]> found = new StateDict(tensors, Map.of()).forGraph(WRN);
            assertEquals(WRN.tensors().stream().map(TensorSpec::name).toList(), List.copyOf(found.keySet()));
            found.forEach((name, v) -> assertArrayEquals(expected.get(name), v, name));
        }
    }

    @Test
    void weightsThatLieTransposedOutsideAreTurned() throws Exception {
        Node node = new Node(
                "linear#0",
                new Operation.Linear(3, 2, true, true),
                List.of(Graph.INPUT),
                List.of("onnx::MatMul_7", "fc.bias"));
        Graph graph = new Graph("turned", Shape.flat(3), Preprocessing.unit(3), List.of(node));
        Map<String, float[]> inside =
                Map.of("onnx::MatMul_7", new float[] {1, 2, 3, 4, 5, 6}, "fc.bias", new float[] {7, 8});
        StateDict outside = StateDict.of(graph, inside);
        assertEquals(List.of(3L, 2L), outside.tensors().get(0).shape());
        assertArrayEquals(
                new float[] {1, 4, 2, 5, 3, 6}, outside.tensors().get(0).values());
        outside.forGraph(graph).forEach((name, v) -> assertArrayEquals(inside.get(name), v, name));
    }

    @Test
    void hasACounterForEachBatchNormAndOnlyThere() {
        List<NamedTensor> counters = StateDict.of(WRN, values(WRN)).tensors().stream()
                .filter(StateDict::isCounter)
                .toList();
        long norms = WRN.tensors().stream()
                .filter(t -> t.name().endsWith(".running_var"))
                .count();
        assertEquals(norms, counters.size());
        assertTrue(norms > 10);
        Graph lenet = Models.find("lenet-5", new Shape(1, 28, 28), 10).orElseThrow();
        assertEquals(
                lenet.tensors().size(),
                StateDict.of(lenet, values(lenet)).tensors().size());
    }

    @Test
    void namesWhatDoesNotFit() {
        List<NamedTensor> missing = renamed("module.");
        missing.remove(3);
        String name = WRN.tensors().get(3).name();
        assertEquals("these weights do not fit wrn-16-4: tensor " + name + " is missing", fault(missing));

        List<NamedTensor> extra = renamed("");
        extra.add(new NamedTensor("fc3.weight", List.of(1L), new float[1]));
        assertTrue(fault(extra).endsWith("tensor fc3.weight is not part of it"));

        List<NamedTensor> shape = renamed("");
        shape.replaceAll(
                t -> t.name().equals("fc.weight") ? new NamedTensor(t.name(), List.of(256L, 10L), t.values()) : t);
        assertTrue(fault(shape).endsWith("tensor fc.weight: expected shape [10, 256], found [256, 10]"));

        assertTrue(fault(List.of()).contains("and " + (WRN.tensors().size() - 4) + " more"));
        List<NamedTensor> mixed = renamed("module.");
        mixed.set(0, renamed("").get(0));
        assertTrue(fault(mixed).contains("is missing"));
    }

    @Test
    void aStateDictIsCheckedWhenMade() {
        NamedTensor a = new NamedTensor("a", List.of(), new float[1]);
        assertThrows(IllegalArgumentException.class, () -> new StateDict(List.of(a, a), Map.of()));
        assertThrows(IllegalArgumentException.class, () -> new NamedTensor("a", List.of(2L), new float[3]));
        assertThrows(IllegalArgumentException.class, () -> StateDict.of(WRN, Map.of()));
    }
}
