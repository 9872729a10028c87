package io.softshare.codec;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;

class ContextCodecTest extends CodecContract {
    @Override
    Codec codec() {
        return Codecs.byName("context").orElseThrow();
    }

    /** On independent weights no code beats the entropy; this one must come near it. */
    @Example
    void nearTheEntropyOfIndependentWeights() throws Exception {
        QuantizedTensor tensor =
                TestTensors.random(new Random(1), TestTensors.weight("w", 300, 784), TestTensors.codebook(9), 0.03);
        double p = (double) tensor.nonZero() / tensor.indices().length;
        double map = -tensor.indices().length * (p * Math.log(p) + (1 - p) * Math.log1p(-p)) / Math.log(2);
        double ideal = (map + 3 * tensor.nonZero()) / 8;
        int found = roundTrip(List.of(tensor)).length;
        assertTrue(found > ideal && found < ideal * 1.03 + 200, found + " bytes against " + ideal);
    }

    /** Weights gathered in few rows and columns are what the recipes make: knowing that must pay. */
    @Example
    void gatheredWeightsTakeLess() throws Exception {
        Random random = new Random(2);
        int[] gathered = new int[300 * 784];
        int[] scattered = new int[300 * 784];
        for (int i = 0; i < 4000; i++) {
            gathered[random.nextInt(60) * 5 * 784 + random.nextInt(200) * 3] = 1;
            scattered[random.nextInt(scattered.length)] = 1;
        }
        float[] codebook = {0, 1};
        int less =
                roundTrip(List.of(new QuantizedTensor(TestTensors.weight("w", 300, 784), gathered, codebook))).length;
        int more =
                roundTrip(List.of(new QuantizedTensor(TestTensors.weight("w", 300, 784), scattered, codebook))).length;
        assertTrue(less < more * 0.65, less + " against " + more + " bytes");
    }

    /** Two long codebooks taken up by turns, a bit each: the tables that each makes must not add up without end. */
    @Example
    void codebooksTakenUpByTurnsAreCounted() {
        List<CompressedTensor> tensors = new ArrayList<>();
        float[][] codebooks = {new float[400], new float[400]};
        java.util.Arrays.fill(codebooks[0], 1, 400, 0.5f);
        java.util.Arrays.fill(codebooks[1], 1, 400, 1.5f);
        for (int i = 0; i < 40; i++) {
            tensors.add(new QuantizedTensor(TestTensors.weight("w" + i, 1, 1), new int[] {1}, codebooks[i % 2]));
        }
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> codec().encode(tensors));
        assertTrue(e.getMessage().contains("too long for so few weights"), e.getMessage());
    }
}
