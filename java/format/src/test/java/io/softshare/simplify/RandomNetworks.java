package io.softshare.simplify;

import io.softshare.codec.CompressedTensor;
import io.softshare.codec.FixedPointTensor;
import io.softshare.codec.FloatTensor;
import io.softshare.codec.QuantizedTensor;
import io.softshare.codec.TestTensors;
import io.softshare.container.CompressedModel;
import io.softshare.graph.Graph;
import io.softshare.graph.Node;
import io.softshare.graph.Operation;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.ReferenceNetwork;
import io.softshare.graph.Shape;
import io.softshare.graph.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Small networks of every operation in random order, pruned so hard that many units have nothing coming in or going out. */
final class RandomNetworks {
    private final Random random;
    private final List<Node> nodes = new ArrayList<>();
    private final List<String> names = new ArrayList<>(List.of(Graph.INPUT));
    private final Shape input;

    private RandomNetworks(long seed) {
        random = new Random(seed);
        input = new Shape(1 + random.nextInt(3), 6 + random.nextInt(5), 6 + random.nextInt(5));
    }

    static CompressedModel network(long seed) {
        RandomNetworks made = new RandomNetworks(seed);
        Graph graph = made.graph();
        return new CompressedModel(
                graph, graph.tensors().stream().map(made::tensor).toList());
    }

    private Graph graph() {
        int steps = 3 + random.nextInt(8);
        for (int i = 0; i < steps; i++) {
            step();
        }
        Shape last = shape();
        if (last.height() * last.width() > 1) {
            add(random.nextInt(3) == 0 ? new Operation.GlobalAveragePool() : new Operation.Flatten());
        }
        for (int i = random.nextInt(3); i > 0; i--) {
            add(new Operation.Linear(shape().channels(), 2 + random.nextInt(9), random.nextInt(5) > 0));
            if (random.nextBoolean()) {
                add(new Operation.BatchNorm(shape().channels(), 1e-5f));
            }
            add(new Operation.Relu());
            residual();
        }
        add(new Operation.Linear(shape().channels(), 4, random.nextInt(5) > 0));
        return new Graph("random", input, Preprocessing.unit(input.channels()), nodes);
    }

    private void step() {
        Shape in = shape();
        boolean room = Math.min(in.height(), in.width()) >= 3;
        switch (random.nextInt(room ? 9 : 5)) {
            case 0, 1 -> add(new Operation.Relu());
            case 2 -> add(new Operation.BatchNorm(in.channels(), 1e-3f));
            case 3 -> residual();
            case 4, 5 -> {
                int kernel = room && random.nextBoolean() ? 3 : 1;
                int pad = random.nextBoolean() ? kernel / 2 : 0;
                int stride = 1 + random.nextInt(2);
                add(new Operation.Convolution(
                        in.channels(),
                        2 + random.nextInt(7),
                        kernel,
                        kernel,
                        stride,
                        1,
                        pad,
                        pad,
                        random.nextInt(4) > 0));
            }
            case 6 -> {
                int pad = random.nextInt(2);
                add(new Operation.MaxPool(3, 2, 1 + random.nextInt(2), 2, pad, pad));
            }
            case 7 -> add(new Operation.AveragePool(2, 2, 1, 2));
            default ->
                add(new Operation.Convolution(
                        in.channels(), 2 + random.nextInt(7), 3, 3, 1, 1, 1, 1, random.nextBoolean()));
        }
    }

    /** Adds any earlier value of the same shape, itself if there is no other. */
    private void residual() {
        List<String> alike = new ArrayList<>();
        for (String name : names) {
            if (shapeOf(name).equals(shape())) {
                alike.add(name);
            }
        }
        String other = alike.get(random.nextInt(alike.size()));
        String name = "n" + nodes.size();
        nodes.add(new Node(name, new Operation.Add(), List.of(names.get(names.size() - 1), other)));
        names.add(name);
    }

    private void add(Operation operation) {
        String name = "n" + nodes.size();
        List<String> from = List.of(names.get(names.size() - 1));
        List<String> own = new ArrayList<>(); // as in files from outside, names that do not follow from the node's
        if (random.nextBoolean()) {
            for (TensorSpec spec : new Node(name, operation, from).tensors()) {
                own.add("t" + nodes.size() + spec.role());
            }
        }
        nodes.add(new Node(name, operation, from, own));
        names.add(name);
    }

    private Shape shape() {
        return shapeOf(names.get(names.size() - 1));
    }

    private Shape shapeOf(String name) {
        List<Node> closed = new ArrayList<>(nodes);
        closed.add(new Node(" end", new Operation.GlobalAveragePool(), List.of(names.get(names.size() - 1))));
        return new Graph("unfinished", input, Preprocessing.unit(input.channels()), closed).shape(name);
    }

    private CompressedTensor tensor(TensorSpec spec) {
        switch (spec.role()) {
            case WEIGHT -> {
                QuantizedTensor full = TestTensors.random(random, spec, TestTensors.codebook(9), 0.3);
                int[] indices = full.indices();
                int[] live = new int[spec.rows() + spec.columns()]; // half of the rows and columns
                for (int i = 0; i < live.length; i++) {
                    live[i] = random.nextInt(2);
                }
                for (int i = 0; i < indices.length; i++) {
                    int pair = i / spec.kernel();
                    indices[i] *= live[pair / spec.columns()] * live[spec.rows() + pair % spec.columns()];
                }
                return new QuantizedTensor(spec, indices, full.codebook());
            }
            case BIAS -> {
                if (random.nextInt(6) > 0) {
                    return TestTensors.steps(random, spec, 5, 40);
                }
                return new FloatTensor(
                        spec, TestTensors.steps(random, spec, 5, 40).values());
            }
            case RUNNING_VARIANCE -> {
                float[] values = new float[spec.size()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = 0.2f + random.nextFloat();
                }
                return new FloatTensor(spec, values);
            }
            default -> {
                FixedPointTensor steps = TestTensors.steps(random, spec, 6, 100);
                return random.nextBoolean() ? steps : new FloatTensor(spec, steps.values());
            }
        }
    }

    static double[] image(CompressedModel model, long seed) {
        Random pixels = new Random(seed);
        double[] image = new double[model.graph().input().size()];
        for (int i = 0; i < image.length; i++) {
            image[i] = pixels.nextGaussian();
        }
        return image;
    }

    static double[] logits(CompressedModel model, double[] image) {
        return new ReferenceNetwork(model.graph(), name -> model.tensor(name).values()).logits(image);
    }
}
