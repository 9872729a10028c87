package io.softshare.codec;

/**
 * What one tensor takes in a file, in bits by part (fractions, where a coder packs several decisions into one bit).
 *
 * @param tensor its name
 * @param structure kinds, orientation, row and column maps, Huffman tables
 * @param zeroMap which weights are not zero
 * @param signs which non-zero weights are negative; 0 where a codec has no code of its own for them
 * @param indices which component each non-zero weight is
 * @param codebook the components' values, at the first tensor that uses them
 * @param other values of tensors without a codebook
 */
public record TensorCost(
        String tensor, double structure, double zeroMap, double signs, double indices, double codebook, double other) {
    /** The cost of two parts of one tensor together. */
    public TensorCost plus(TensorCost part) {
        return new TensorCost(
                tensor,
                structure + part.structure,
                zeroMap + part.zeroMap,
                signs + part.signs,
                indices + part.indices,
                codebook + part.codebook,
                other + part.other);
    }

    public double total() {
        return structure + zeroMap + signs + indices + codebook + other;
    }
}
