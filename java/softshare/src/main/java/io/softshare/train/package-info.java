/**
 * Training under the prior: a {@link io.softshare.train.Stage} says how, {@link io.softshare.train.TrainingState} is all that
 * changes (and what a checkpoint holds), {@link io.softshare.train.Trainer} runs one epoch of a stage.
 *
 * <p>A step is: gather a batch, forward, loss, backward, then the fused prior step over the weights (or its unfused
 * passes) and Adam over the other parameters. All randomness is counter-based, so an epoch depends on state, seed and
 * epoch number only: that is what makes resuming exact.
 */
package io.softshare.train;
