package io.softshare.graph;

/** What a tensor is for. Only {@link #WEIGHT} lies under the mixture prior. The order is part of the file format. */
public enum TensorRole {
    /** Convolution or linear weights: under the prior, pruned and quantised. */
    WEIGHT(true),
    /** Additive term of a convolution or linear layer. */
    BIAS(true),
    /** Batch-norm γ. */
    SCALE(true),
    /** Batch-norm β. */
    SHIFT(true),
    /** Batch-norm running mean: measured, not trained. */
    RUNNING_MEAN(false),
    /** Batch-norm running variance: measured, not trained. */
    RUNNING_VARIANCE(false);

    private final boolean trainable;

    TensorRole(boolean trainable) {
        this.trainable = trainable;
    }

    /** Whether the tensor counts as a parameter (running statistics do not). */
    public boolean trainable() {
        return trainable;
    }
}
