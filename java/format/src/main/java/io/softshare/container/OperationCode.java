package io.softshare.container;

import io.softshare.codec.MalformedFileException;
import io.softshare.graph.Operation;
import io.softshare.graph.Shape;

/**
 * Operations as a number and their parameters. What follows from the shape that is read is not stored, nor what is as it
 * usually is: flags say what is. Numbers and flags are frozen.
 */
final class OperationCode {
    private static final int CONVOLUTION = 1;
    private static final int LINEAR = 2;
    private static final int BATCH_NORM = 3;
    private static final int RELU = 4;
    private static final int MAX_POOL = 5;
    private static final int AVERAGE_POOL = 6;
    private static final int GLOBAL_AVERAGE_POOL = 7;
    private static final int ADD = 8;
    private static final int FLATTEN = 9;

    /** Convolution and linear: there is a bias. */
    private static final int BIAS = 1;
    /** Linear: the weights lie transposed outside. */
    private static final int TRANSPOSED = 2;
    /** Batch norm: an epsilon follows; otherwise it is the usual one. */
    private static final int EPSILON = 1;
    /** The tensors have names of their own. */
    static final int NAMED_TENSORS = 64;

    private static final float USUAL_EPSILON = 1e-5f;

    /** Kernel, stride and padding along height and width, in this order and with these flags: other than the height's. */
    private static final int KERNEL_WIDTH = 2;
    /** A stride follows. Otherwise: 1 for convolutions, the window for pools. */
    private static final int STRIDE = 4;

    private static final int STRIDE_WIDTH = 8;
    /** A padding follows; otherwise there is none. */
    private static final int PADDING = 16;

    private static final int PADDING_WIDTH = 32;
    private static final int WINDOW = KERNEL_WIDTH | STRIDE | STRIDE_WIDTH | PADDING | PADDING_WIDTH;

    private OperationCode() {}

    /** An operation that was read, and whether names of its tensors follow. */
    record Coded(Operation operation, boolean namedTensors) {}

    private record Window(int height, int width, int strideHeight, int strideWidth, int padHeight, int padWidth) {}

    /** Number of the operation, for {@link #write} and {@link #read}. */
    static int number(Operation operation) {
        if (operation instanceof Operation.Convolution) {
            return CONVOLUTION;
        } else if (operation instanceof Operation.Linear) {
            return LINEAR;
        } else if (operation instanceof Operation.BatchNorm) {
            return BATCH_NORM;
        } else if (operation instanceof Operation.Relu) {
            return RELU;
        } else if (operation instanceof Operation.MaxPool) {
            return MAX_POOL;
        } else if (operation instanceof Operation.AveragePool) {
            return AVERAGE_POOL;
        } else if (operation instanceof Operation.GlobalAveragePool) {
            return GLOBAL_AVERAGE_POOL;
        } else if (operation instanceof Operation.Add) {
            return ADD;
        } else if (operation instanceof Operation.Flatten) {
            return FLATTEN;
        }
        throw new AssertionError("an operation without a number: " + operation);
    }

    /** The parameters. */
    static void write(ByteSink out, Operation operation, boolean namedTensors) {
        int named = namedTensors ? NAMED_TENSORS : 0;
        if (operation instanceof Operation.Convolution c) {
            Window w = new Window(
                    c.kernelHeight(), c.kernelWidth(), c.strideHeight(), c.strideWidth(), c.padHeight(), c.padWidth());
            int flags = flags(w, 1, 1);
            out.u8(flags | named | (c.bias() ? BIAS : 0));
            out.varint(c.outChannels());
            write(out, w, flags);
        } else if (operation instanceof Operation.Linear l) {
            out.u8(named | (l.bias() ? BIAS : 0) | (l.transposed() ? TRANSPOSED : 0));
            out.varint(l.outFeatures());
        } else if (operation instanceof Operation.BatchNorm b) {
            boolean other = b.epsilon() != USUAL_EPSILON;
            out.u8(named | (other ? EPSILON : 0));
            if (other) {
                out.f32(b.epsilon());
            }
        } else if (operation instanceof Operation.MaxPool p) {
            writePool(
                    out,
                    new Window(
                            p.kernelHeight(),
                            p.kernelWidth(),
                            p.strideHeight(),
                            p.strideWidth(),
                            p.padHeight(),
                            p.padWidth()));
        } else if (operation instanceof Operation.AveragePool p) {
            writePool(
                    out,
                    new Window(
                            p.kernelHeight(),
                            p.kernelWidth(),
                            p.strideHeight(),
                            p.strideWidth(),
                            p.padHeight(),
                            p.padWidth()));
        }
    }

    private static void writePool(ByteSink out, Window w) {
        int flags = flags(w, w.height, w.width);
        out.u8(flags);
        write(out, w, flags);
    }

    private static int flags(Window w, int usualStrideHeight, int usualStrideWidth) {
        int flags = w.width != w.height ? KERNEL_WIDTH : 0;
        if (w.strideHeight != usualStrideHeight || w.strideWidth != usualStrideWidth) {
            flags |= STRIDE | (w.strideWidth != w.strideHeight ? STRIDE_WIDTH : 0);
        }
        if (w.padHeight != 0 || w.padWidth != 0) {
            flags |= PADDING | (w.padWidth != w.padHeight ? PADDING_WIDTH : 0);
        }
        return flags;
    }

    private static void write(ByteSink out, Window w, int flags) {
        pair(out, w.height, w.width, true, (flags & KERNEL_WIDTH) != 0);
        pair(out, w.strideHeight, w.strideWidth, (flags & STRIDE) != 0, (flags & STRIDE_WIDTH) != 0);
        pair(out, w.padHeight, w.padWidth, (flags & PADDING) != 0, (flags & PADDING_WIDTH) != 0);
    }

    private static void pair(ByteSink out, int height, int width, boolean given, boolean two) {
        if (given) {
            out.varint(height);
        }
        if (two) {
            out.varint(width);
        }
    }

    /**
     * Reads an operation's parameters.
     *
     * @param read shape of the first node that it reads
     */
    static Coded read(ByteSource in, int number, Shape read) throws MalformedFileException {
        switch (number) {
            case CONVOLUTION -> {
                int flags = flags(in, BIAS | WINDOW | NAMED_TENSORS);
                int out = parameter(in, "channels");
                Window w = window(in, flags, true);
                return new Coded(
                        new Operation.Convolution(
                                read.channels(),
                                out,
                                w.height,
                                w.width,
                                w.strideHeight,
                                w.strideWidth,
                                w.padHeight,
                                w.padWidth,
                                (flags & BIAS) != 0),
                        (flags & NAMED_TENSORS) != 0);
            }
            case LINEAR -> {
                int flags = flags(in, BIAS | TRANSPOSED | NAMED_TENSORS);
                return new Coded(
                        new Operation.Linear(
                                read.channels(),
                                parameter(in, "features"),
                                (flags & BIAS) != 0,
                                (flags & TRANSPOSED) != 0),
                        (flags & NAMED_TENSORS) != 0);
            }
            case BATCH_NORM -> {
                int flags = flags(in, EPSILON | NAMED_TENSORS);
                float epsilon = (flags & EPSILON) != 0 ? in.f32("epsilon") : USUAL_EPSILON;
                return new Coded(new Operation.BatchNorm(read.channels(), epsilon), (flags & NAMED_TENSORS) != 0);
            }
            case RELU -> {
                return new Coded(new Operation.Relu(), false);
            }
            case MAX_POOL -> {
                Window w = window(in, flags(in, WINDOW), false);
                return new Coded(
                        new Operation.MaxPool(
                                w.height, w.width, w.strideHeight, w.strideWidth, w.padHeight, w.padWidth),
                        false);
            }
            case AVERAGE_POOL -> {
                Window w = window(in, flags(in, WINDOW), false);
                return new Coded(
                        new Operation.AveragePool(
                                w.height, w.width, w.strideHeight, w.strideWidth, w.padHeight, w.padWidth),
                        false);
            }
            case GLOBAL_AVERAGE_POOL -> {
                return new Coded(new Operation.GlobalAveragePool(), false);
            }
            case ADD -> {
                return new Coded(new Operation.Add(), false);
            }
            case FLATTEN -> {
                return new Coded(new Operation.Flatten(), false);
            }
            default ->
                throw new MalformedFileException(
                        in.offset(), "an operation from 1 to " + FLATTEN, number + "; a newer softshare may know it");
        }
    }

    /** How many nodes the operation of that number reads. */
    static int inputs(int number) {
        return number == ADD ? 2 : 1;
    }

    private static int flags(ByteSource in, int known) throws MalformedFileException {
        int start = in.offset();
        int flags = in.u8("flags of an operation");
        if ((flags & ~known) != 0) {
            throw new MalformedFileException(
                    start,
                    String.format("flags of an operation within 0x%02X", known),
                    String.format("0x%02X; a newer softshare may know them", flags));
        }
        return flags;
    }

    private static Window window(ByteSource in, int flags, boolean convolution) throws MalformedFileException {
        int height = parameter(in, "height of a window");
        int width = (flags & KERNEL_WIDTH) != 0 ? parameter(in, "width of a window") : height;
        int strideHeight = convolution ? 1 : height;
        int strideWidth = convolution ? 1 : width;
        if ((flags & STRIDE) != 0) {
            strideHeight = parameter(in, "stride");
            strideWidth = strideHeight;
        }
        if ((flags & STRIDE_WIDTH) != 0) {
            strideWidth = parameter(in, "stride");
        }
        int padHeight = (flags & PADDING) != 0 ? parameter(in, "padding") : 0;
        int padWidth = (flags & PADDING_WIDTH) != 0 ? parameter(in, "padding") : padHeight;
        return new Window(height, width, strideHeight, strideWidth, padHeight, padWidth);
    }

    private static int parameter(ByteSource in, String what) throws MalformedFileException {
        return (int) in.varint(Integer.MAX_VALUE, what);
    }
}
