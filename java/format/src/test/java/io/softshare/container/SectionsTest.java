package io.softshare.container;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.codec.Codec;
import io.softshare.codec.Codecs;
import io.softshare.codec.CompressedTensor;
import io.softshare.codec.Limits;
import io.softshare.codec.MalformedFileException;
import io.softshare.codec.QuantizedTensor;
import io.softshare.codec.TestTensors;
import io.softshare.graph.Graph;
import io.softshare.graph.GraphBuilder;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.Shape;
import io.softshare.graph.TensorSpec;
import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sections and slices: whatever the cut, each tensor comes back, alone and with the others. */
class SectionsTest {
    private static final Codec CODEC = Codecs.defaultCodec();

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 100, 5000, Integer.MAX_VALUE})
    void everyCutGivesTheSameTensors(int nonZeros) throws Exception {
        for (Graph graph : List.of(Examples.every(), Examples.tiny(), Examples.builtIn("lenet-5"))) {
            CompressedModel model = Examples.model(graph, 0.02);
            byte[] bytes = SwsWriter.encode(model, CODEC, new SwsWriter.Options(nonZeros));
            SwsReader reader = SwsReader.open(new ByteArrayInputStream(bytes), Limits.DEFAULT);
            assertEquals(model, reader.file().model());
            if (nonZeros == 0) {
                assertEquals(graph.tensors().size(), reader.sections());
            } else if (nonZeros == Integer.MAX_VALUE) {
                assertEquals(1, reader.sections());
            }
            List<CompressedTensor> seen = new ArrayList<>();
            reader.forEach(seen::add);
            assertEquals(model.tensors(), seen);
            for (CompressedTensor tensor : model.tensors()) {
                assertEquals(tensor, reader.tensor(tensor.spec().name()));
            }
        }
    }

    @Test
    void aTensorOfManyMillionsIsCut() throws Exception {
        Graph graph = new GraphBuilder("wide", Shape.flat(3000), Preprocessing.unit(3000))
                .linear("big", 4001)
                .relu("relu")
                .linear("last", 2)
                .build();
        CompressedModel model = Examples.model(graph, 0.001);
        List<Slice> slices = Slice.of(graph.tensors());
        assertEquals(3 + 3, slices.size()); // 1,398 rows a slice
        byte[] bytes = SwsWriter.encode(model, CODEC, new SwsWriter.Options(0));
        SwsReader reader = SwsReader.open(bytes, Limits.DEFAULT);
        assertEquals(6, reader.sections());
        assertEquals(model.tensor("big.weight"), reader.tensor("big.weight"));
        SwsFile file = reader.file();
        assertEquals(model, file.model());
        assertEquals(graph.tensors().size(), file.costs().size());
        assertArrayEquals(bytes, SwsWriter.encode(file.model(), CODEC, new SwsWriter.Options(0)));
    }

    /** A damaged section is only seen by those who need it. */
    @Test
    void readingOneTensorDecodesNoOther() throws Exception {
        CompressedModel model = Examples.model(Examples.builtIn("lenet-5"), 0.02);
        byte[] bytes = SwsWriter.encode(model, CODEC, new SwsWriter.Options(0));
        int at = bytes.length - 60; // fc2's weights and what is before them
        byte[] damaged = bytes.clone();
        damaged[at] ^= 0x40;
        Hostile.sign(damaged);
        SwsReader reader = SwsReader.open(damaged, Limits.DEFAULT);
        assertEquals(model.tensor("conv1.weight"), reader.tensor("conv1.weight"));
        int changed = 0;
        for (TensorSpec spec : reader.graph().tensors()) {
            try {
                changed += reader.tensor(spec.name()).equals(model.tensor(spec.name())) ? 0 : 1;
            } catch (MalformedFileException e) {
                changed++;
            }
        }
        assertEquals(1, changed);
    }

    @Test
    void slicesThatDoNotBelongTogetherAreRefused() {
        TensorSpec spec = TestTensors.weight("w", 4, 3);
        QuantizedTensor one = new QuantizedTensor(TestTensors.weight("w", 2, 3), new int[6], new float[] {0, 1});
        QuantizedTensor other = new QuantizedTensor(TestTensors.weight("w", 2, 3), new int[6], new float[] {0, 2});
        assertEquals(null, Slice.join(spec, List.of(one, other)));
        assertEquals(12, ((QuantizedTensor) Slice.join(spec, List.of(one, one))).indices().length);
    }

    @Test
    void aWriterTakesTheGraphsTensorsInOrder() {
        CompressedModel model = Examples.model(Examples.tiny(), 0.5);
        SwsWriter writer = new SwsWriter(model.graph(), CODEC, SwsWriter.Options.DEFAULT);
        assertTrue(assertThrows(
                        IllegalArgumentException.class,
                        () -> writer.add(model.tensors().get(1)))
                .getMessage()
                .contains("fc1.weight"));
        writer.add(model.tensors().get(0));
        assertTrue(assertThrows(IllegalStateException.class, writer::finish)
                .getMessage()
                .contains("fc1.bias"));
        model.tensors().stream().skip(1).forEach(writer::add);
        assertThrows(
                IllegalArgumentException.class, () -> writer.add(model.tensors().get(0)));
        assertArrayEquals(SwsWriter.encode(model, CODEC), writer.finish());
    }

    @Test
    void aTensorThatIsNotThere() throws Exception {
        SwsReader reader =
                SwsReader.open(SwsWriter.encode(Examples.model(Examples.tiny(), 0.5), CODEC), Limits.DEFAULT);
        assertThrows(IllegalArgumentException.class, () -> reader.tensor("fc9.weight"));
    }
}
