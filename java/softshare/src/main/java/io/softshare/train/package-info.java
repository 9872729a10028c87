/**
 * Training under the prior: a {@link io.softshare.train.Stage} says how, {@link io.softshare.train.TrainingState} is all that
 * changes (and what a checkpoint holds), {@link io.softshare.train.Trainer} runs one epoch of a stage.
 *
 * <p>A step is: gather a batch, forward, loss, backward, then the fused prior step over the weights (or its unfused
 * passes) and Adam over the other parameters. All randomness is counter-based, so an epoch depends on state, seed and
 * epoch number only: that is what makes resuming exact.
 *
 * <p>One mixture is of all weights, or each weight tensor has its own (the recipe's {@code perLayer}): a
 * {@link io.softshare.train.MixtureGroup} is the weights of one, with its shared values; updates of the prior and of shared values run
 * group by group, over views of the same buffers.
 *
 * <p>Once few weights are live, an epoch on the CPU runs on them alone: {@link io.softshare.train.LiveWeights} packs values, gradients
 * and moments, {@link io.softshare.network.SparseNetwork} makes the passes, and everything that works on weights takes them
 * as {@link io.softshare.train.Weights}, packed or not. Under a zero component, whose rows and columns count, weights stay in
 * the arena and only the passes are packed. Results agree with training on zeros too, but for rounding.
 */
package io.softshare.train;
