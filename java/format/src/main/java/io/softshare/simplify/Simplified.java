package io.softshare.simplify;

import io.softshare.container.CompressedModel;

/**
 * A network that computes the same as another, with fewer values that are not zero.
 *
 * @param model same graph, tensor names and shapes
 * @param droppedUnits outputs of convolution or linear layers that had weights or a bias and have neither now
 * @param foldedConstants columns of weights on a constant other than zero that went into a bias
 * @param keptConstants units without incoming weights whose bias must stay, because of padding, a residual join, or no
 *     bias to fold it into
 * @param removedWeights weights that are zero now and were not
 * @param removedOthers biases and batch-norm values that are zero now and were not, less those that became non-zero
 * @param biasError largest difference of a stored bias or shift from what it should be for exactly the same outputs
 * @param logitError no logit differs by more than this, in exact arithmetic, whatever the input
 */
public record Simplified(
        CompressedModel model,
        int droppedUnits,
        int foldedConstants,
        int keptConstants,
        long removedWeights,
        long removedOthers,
        double biasError,
        double logitError) {}
