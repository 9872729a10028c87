package io.softshare.bench;

/** Takes the binary decisions of a binarised tensor: an arithmetic encoder, or an account of what they should cost. */
interface BinSink {
    /** One decision under an adaptive context. */
    void bit(int context, int bit);

    /** {@code count} decisions that are not modelled, highest first. */
    void even(int value, int count);
}
