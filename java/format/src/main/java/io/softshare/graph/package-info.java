/**
 * A network as plain records: layers, shapes, tensor names, preprocessing.
 *
 * <p>A {@link io.softshare.graph.Graph} is the one description of a network in the project. Hand-written models
 * ({@code graph.models}) and files both give one; the container stores one; only {@code io.softshare.network} builds one
 * into running layers. The built-in models live here, below the container, because a file may name a built-in graph
 * instead of storing it, and its reader has no native code and no training code.
 *
 * <p>Conventions are PyTorch's: convolution weights are (out, in, height, width), linear weights (out, in), flattening
 * runs over channel, height, width; tensors are named as in a {@code state_dict}.
 */
package io.softshare.graph;
