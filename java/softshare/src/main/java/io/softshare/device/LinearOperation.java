package io.softshare.device;

/** y = x · weightsᵀ + bias with fixed sizes; weights (out, in). */
public interface LinearOperation extends LayerOperation {
    /** bias null: none was declared. */
    void forward(Buffer x, Buffer weights, Buffer bias, Buffer y);

    /**
     * The whole backward pass. Overwrites dx, dweights and dbias.
     *
     * @param y the output of a layer with a rectifier, whose mask then applies to dy (perhaps in place); null: no mask
     * @param dx null: not wanted
     * @param dbias null: no bias was declared
     */
    void backward(Buffer x, Buffer y, Buffer dy, Buffer weights, Buffer dx, Buffer dweights, Buffer dbias);
}
