package io.softshare.bench;

import io.softshare.codec.CompressedTensor;
import io.softshare.codec.FixedPointTensor;
import io.softshare.codec.Half;
import io.softshare.codec.QuantizedTensor;
import io.softshare.container.CompressedModel;
import io.softshare.graph.Graph;
import io.softshare.graph.GraphBuilder;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.Shape;
import io.softshare.graph.TensorRole;
import io.softshare.graph.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A linear layer that is pruned as retraining prunes: rows and columns differ (log-normal), a few rows hold nothing,
 * columns are alike over short distances, and components near zero are rarer than the next ones.
 */
final class Synthetic {
    private static final int COMPONENTS = 16;

    private Synthetic() {}

    /** @param share of weights that are not zero, 0 to 1 */
    static CompressedModel layer(int rows, int columns, double share, long seed) {
        Random random = new Random(seed);
        double[] byRow = new double[rows];
        double rowSum = 0;
        for (int r = 0; r < rows; r++) {
            byRow[r] = random.nextInt(8) == 0 ? 0 : Math.exp(0.8 * random.nextGaussian());
            rowSum += byRow[r];
        }
        double[] byColumn = new double[columns];
        double columnSum = 0;
        double level = 0;
        for (int c = 0; c < columns; c++) {
            level = 0.9 * level + 0.35 * random.nextGaussian();
            byColumn[c] = Math.exp(level);
            columnSum += byColumn[c];
        }
        float[] codebook = new float[COMPONENTS];
        double[] chance = new double[COMPONENTS];
        for (int i = 1; i < COMPONENTS; i++) {
            int step = i <= COMPONENTS / 2 ? i - 1 - COMPONENTS / 2 : i - COMPONENTS / 2;
            codebook[i] = Half.toFloat(Half.fromFloat(0.06f * step));
            double size = Math.abs(step);
            chance[i] = chance[i - 1] + size * Math.exp(-size / 1.5);
        }
        double scale = share * rows * columns / (rowSum * columnSum);
        int[] indices = new int[rows * columns];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                if (random.nextDouble() < Math.min(0.9, scale * byRow[r] * byColumn[c])) {
                    double at = random.nextDouble() * chance[COMPONENTS - 1];
                    int component = 1;
                    while (chance[component] < at) {
                        component++;
                    }
                    indices[r * columns + c] = component;
                }
            }
        }
        Graph graph = new GraphBuilder("synthetic", new Shape(1, 1, columns), Preprocessing.unit(1))
                .flatten("flatten")
                .linear("fc", rows)
                .build();
        List<CompressedTensor> tensors = new ArrayList<>();
        for (TensorSpec spec : graph.tensors()) {
            tensors.add(
                    spec.role() == TensorRole.WEIGHT
                            ? new QuantizedTensor(spec, indices, codebook)
                            : new FixedPointTensor(spec, new int[rows], 5));
        }
        return new CompressedModel(graph, tensors);
    }
}
