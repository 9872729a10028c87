/**
 * The whole way from data to a compressed file: a {@link io.softshare.pipeline.Recipe} lists stages,
 * {@link io.softshare.pipeline.Compression} runs them with checkpoints, {@link io.softshare.pipeline.Export} makes the file.
 */
package io.softshare.pipeline;
