package io.softshare.container;

import io.softshare.codec.MalformedFileException;
import io.softshare.graph.Operation;

/** Operations as a number and their parameters in the order of the record. Numbers are frozen. */
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

    private OperationCode() {}

    /** Nodes that an operation reads. */
    static int inputs(Operation operation) {
        return operation instanceof Operation.Add ? 2 : 1;
    }

    static void write(ByteSink out, Operation operation) {
        if (operation instanceof Operation.Convolution c) {
            numbers(out, CONVOLUTION, c.inChannels(), c.outChannels(), c.kernelHeight(), c.kernelWidth());
            numbers(out, c.strideHeight(), c.strideWidth(), c.padHeight(), c.padWidth(), c.bias() ? 1 : 0);
        } else if (operation instanceof Operation.Linear l) {
            numbers(out, LINEAR, l.inFeatures(), l.outFeatures(), l.bias() ? 1 : 0);
        } else if (operation instanceof Operation.BatchNorm b) {
            numbers(out, BATCH_NORM, b.channels());
            out.f32(b.epsilon());
        } else if (operation instanceof Operation.MaxPool p) {
            numbers(out, MAX_POOL, p.kernelHeight(), p.kernelWidth(), p.strideHeight(), p.strideWidth());
            numbers(out, p.padHeight(), p.padWidth());
        } else if (operation instanceof Operation.AveragePool p) {
            numbers(out, AVERAGE_POOL, p.kernelHeight(), p.kernelWidth(), p.strideHeight(), p.strideWidth());
        } else {
            out.varint(parameterless(operation));
        }
    }

    private static int parameterless(Operation operation) {
        if (operation instanceof Operation.Relu) {
            return RELU;
        } else if (operation instanceof Operation.GlobalAveragePool) {
            return GLOBAL_AVERAGE_POOL;
        } else if (operation instanceof Operation.Add) {
            return ADD;
        } else if (operation instanceof Operation.Flatten) {
            return FLATTEN;
        }
        throw new AssertionError("an operation without a number: " + operation);
    }

    private static void numbers(ByteSink out, int... values) {
        for (int value : values) {
            out.varint(value);
        }
    }

    static Operation read(ByteSource in) throws MalformedFileException {
        int start = in.offset();
        int kind = (int) in.varint(Integer.MAX_VALUE, "kind of an operation");
        switch (kind) {
            case CONVOLUTION -> {
                int[] p = numbers(in, 8);
                return new Operation.Convolution(p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], flag(in));
            }
            case LINEAR -> {
                int[] p = numbers(in, 2);
                return new Operation.Linear(p[0], p[1], flag(in));
            }
            case BATCH_NORM -> {
                int[] p = numbers(in, 1);
                return new Operation.BatchNorm(p[0], in.f32("epsilon"));
            }
            case RELU -> {
                return new Operation.Relu();
            }
            case MAX_POOL -> {
                int[] p = numbers(in, 6);
                return new Operation.MaxPool(p[0], p[1], p[2], p[3], p[4], p[5]);
            }
            case AVERAGE_POOL -> {
                int[] p = numbers(in, 4);
                return new Operation.AveragePool(p[0], p[1], p[2], p[3]);
            }
            case GLOBAL_AVERAGE_POOL -> {
                return new Operation.GlobalAveragePool();
            }
            case ADD -> {
                return new Operation.Add();
            }
            case FLATTEN -> {
                return new Operation.Flatten();
            }
            default ->
                throw new MalformedFileException(
                        start, "an operation from 1 to " + FLATTEN, kind + "; a newer softshare may know it");
        }
    }

    private static int[] numbers(ByteSource in, int count) throws MalformedFileException {
        int[] values = new int[count];
        for (int i = 0; i < count; i++) {
            values[i] = (int) in.varint(Integer.MAX_VALUE, "parameter of an operation");
        }
        return values;
    }

    private static boolean flag(ByteSource in) throws MalformedFileException {
        return in.varint(1, "flag") != 0;
    }
}
