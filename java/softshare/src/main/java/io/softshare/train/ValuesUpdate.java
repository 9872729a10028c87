package io.softshare.train;

import io.softshare.device.Buffer;
import io.softshare.device.Device;
import io.softshare.device.Kernels;
import io.softshare.device.PriorOperation;
import io.softshare.prior.Mixture;

/** {@link HardUpdate} of a group's weights and their shared values. */
final class ValuesUpdate implements AutoCloseable {
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.999;
    private static final double EPSILON = 1e-8;

    private final Kernels kernels;
    private final GroupWeights part;
    private final MixtureGroup group;
    private final Weights weights;
    private final Buffer latent;
    private final Buffer assignment;
    private final Buffer codebook;
    private final Buffer penalty;
    private final Buffer sums;
    /**
     * Adam's moments of the shared values on the device; null on the CPU, where this class updates the shared values itself, in
     * double and by schedules that are not rounded to float: the recipes' published files were made so. Elsewhere a
     * step must not come back to the host.
     */
    private final Buffer moments;

    /** latent, assignment: of all weights that the part is of; views of them are kept. */
    ValuesUpdate(Device device, TrainingState state, GroupWeights part, Buffer latent, Buffer assignment) {
        this.kernels = device.kernels();
        this.part = part;
        group = part.group();
        weights = part.weights();
        this.latent = latent.floatView(part.from(), weights.count());
        this.assignment = assignment.view(part.from(), weights.count());
        codebook = state.floats(group.codebook);
        penalty = state.floats(group.penalty);
        sums = device.allocate(8L * group.codebook.length);
        moments = device.kind().equals("cpu") ? null : state.doubles(group.codebookMoments);
    }

    /** Before the forward pass: shared values into the weights; assign: the nearest ones, anew. */
    void quantise(boolean assign) {
        if (assign) {
            kernels.codebookAssign(
                    weights.count(), latent, weights.live(), group.codebook.length, codebook, penalty, 1, assignment);
        }
        kernels.codebookValues(weights.count(), assignment, codebook, weights.values());
    }

    /** After the backward pass, the latent weights. */
    void stepLatent(Buffer scalars) {
        weights.adam(kernels, latent, scalars);
    }

    /** After the backward pass, the shared values. t counts steps from 1; rate: of the shared values. */
    void stepValues(Buffer scalars, long t, double rate) {
        int k = group.codebook.length;
        kernels.codebookGradient(weights.count(), weights.gradient(), assignment, k, sums);
        if (moments != null) {
            kernels.codebookUpdate(k, sums, scalars, PriorOperation.Adam.DEFAULT, moments, codebook);
            return;
        }
        double[] gradient = sums.readDoubles(k);
        for (int j = 1; j < k; j++) {
            double m = BETA1 * group.codebookMoments[j] + (1 - BETA1) * gradient[j];
            double v = BETA2 * group.codebookMoments[k + j] + (1 - BETA2) * gradient[j] * gradient[j];
            group.codebookMoments[j] = m;
            group.codebookMoments[k + j] = v;
            double corrected = m / (1 - Math.pow(BETA1, t));
            double scale = Math.sqrt(v / (1 - Math.pow(BETA2, t))) + EPSILON;
            group.codebook[j] -= (float) (rate * corrected / scale);
        }
        codebook.write(group.codebook);
    }

    void save() {
        if (moments != null) {
            group.codebook = codebook.readFloats();
            group.codebookMoments = moments.readDoubles(group.codebookMoments.length);
        }
    }

    /** A group's shared values from its mixture. */
    static void begin(MixtureGroup group, Stage stage, boolean zeroComponent) {
        Mixture mixture = Mixture.of(group.mixture);
        int components = mixture.size();
        int shift = zeroComponent ? 0 : 1;
        float[] codebook = new float[components + shift];
        float[] penalty = new float[components + shift];
        for (int j = 0; j < components; j++) {
            codebook[j + shift] = (float) mixture.mean(j);
            double proportion = Math.max(mixture.proportion(j), 1e-6);
            penalty[j + shift] = (float) (-2 * stage.entropyWidth() * stage.entropyWidth() * Math.log(proportion));
        }
        codebook[0] = 0;
        group.codebook = codebook;
        group.penalty = penalty;
        group.codebookMoments = new double[2 * codebook.length];
    }

    @Override
    public void close() {
        part.close();
        codebook.close();
        penalty.close();
        sums.close();
        if (moments != null) {
            moments.close();
        }
    }
}
