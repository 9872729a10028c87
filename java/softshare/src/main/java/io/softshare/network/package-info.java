/**
 * Networks on a device: a {@link io.softshare.graph.Graph} becomes layers over the one parameter arena.
 *
 * <p>{@link io.softshare.network.ParameterLayout} says where each tensor lies; {@link io.softshare.network.Arena} holds
 * values, gradients and Adam's moments; {@link io.softshare.network.Network} is the graph compiled for a batch size, forward
 * and backward. A rectifier that alone reads a convolution or linear layer is fused into it; gradients of values read
 * more than once are summed; sums of branches share buffers with them (Sharing), and what convolutions in bf16 alone read is
 * written rounded (Rounding). {@link io.softshare.network.SparseNetwork} is a chain of layers on live weights alone.
 */
package io.softshare.network;
