package io.softshare.bench;

import io.softshare.codec.CompressedTensor;
import io.softshare.codec.FixedPointTensor;
import io.softshare.codec.FloatTensor;
import io.softshare.codec.QuantizedTensor;
import io.softshare.graph.TensorSpec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * The same tensors as plain arrays, as one would hand them to a general compressor: one byte an index in row-major order
 * (two where there are more than 256 components), or row starts, columns and indices of the non-zero ones (CSR), each
 * array of the narrowest whole bytes. Codebooks and floats as floats, biases as whole steps of one, two or four bytes.
 */
final class ByteForm {
    private ByteForm() {}

    static byte[] write(List<CompressedTensor> tensors, boolean sparse) {
        long size = 0;
        for (CompressedTensor t : tensors) {
            int components = t instanceof QuantizedTensor q ? q.codebook().length : 0;
            size += 64 + 4L * components + 12L * t.spec().size();
        }
        ByteBuffer out = ByteBuffer.allocate(Math.toIntExact(Math.min(size, Integer.MAX_VALUE - 16)))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (CompressedTensor tensor : tensors) {
            if (tensor instanceof QuantizedTensor t) {
                out.put((byte) 0).putShort((short) t.codebook().length);
                for (float v : t.codebook()) {
                    out.putFloat(v);
                }
                if (sparse) {
                    sparse(out, t);
                } else {
                    array(out, t.indices(), width(t.codebook().length - 1));
                }
            } else if (tensor instanceof FixedPointTensor t) {
                int width = 1;
                for (int step : t.steps()) {
                    width = Math.max(width, step == (byte) step ? 1 : step == (short) step ? 2 : 4);
                }
                out.put((byte) 1).put((byte) t.fractionBits()).put((byte) width);
                array(out, t.steps(), width);
            } else if (tensor instanceof FloatTensor t) {
                out.put((byte) 2);
                for (float v : t.values()) {
                    out.putFloat(v);
                }
            }
        }
        byte[] bytes = new byte[out.position()];
        out.flip().get(bytes);
        return bytes;
    }

    private static void sparse(ByteBuffer out, QuantizedTensor tensor) {
        int rows = tensor.spec().rows();
        int across = tensor.indices().length / Math.max(1, rows);
        int[] starts = new int[rows + 1];
        int[] columns = new int[tensor.nonZero()];
        int[] values = new int[columns.length];
        int n = 0;
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < across; c++) {
                int index = tensor.indices()[r * across + c];
                if (index != 0) {
                    columns[n] = c;
                    values[n++] = index;
                }
            }
            starts[r + 1] = n;
        }
        out.putInt(n);
        array(out, starts, width(n));
        array(out, columns, width(across - 1));
        array(out, values, width(tensor.codebook().length - 1));
    }

    private static int width(int largest) {
        return largest < 1 << 8 ? 1 : largest < 1 << 16 ? 2 : 4;
    }

    private static void array(ByteBuffer out, int[] values, int width) {
        for (int v : values) {
            switch (width) {
                case 1 -> out.put((byte) v);
                case 2 -> out.putShort((short) v);
                default -> out.putInt(v);
            }
        }
    }

    private static int[] array(ByteBuffer in, int size, int width, boolean signed) {
        int[] values = new int[size];
        for (int i = 0; i < size; i++) {
            values[i] = switch (width) {
                case 1 -> signed ? in.get() : in.get() & 0xFF;
                case 2 -> signed ? in.getShort() : in.getShort() & 0xFFFF;
                default -> in.getInt();
            };
        }
        return values;
    }

    static List<CompressedTensor> read(List<TensorSpec> specs, byte[] bytes, boolean sparse) {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        List<CompressedTensor> tensors = new ArrayList<>();
        for (TensorSpec spec : specs) {
            int kind = in.get();
            if (kind == 0) {
                float[] codebook = new float[in.getShort() & 0xFFFF];
                for (int i = 0; i < codebook.length; i++) {
                    codebook[i] = in.getFloat();
                }
                int[] indices = sparse
                        ? sparse(in, spec, codebook.length)
                        : array(in, spec.size(), width(codebook.length - 1), false);
                tensors.add(new QuantizedTensor(spec, indices, codebook));
            } else if (kind == 1) {
                int fractionBits = in.get();
                tensors.add(new FixedPointTensor(spec, array(in, spec.size(), in.get(), true), fractionBits));
            } else {
                float[] values = new float[spec.size()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = in.getFloat();
                }
                tensors.add(new FloatTensor(spec, values));
            }
        }
        return tensors;
    }

    private static int[] sparse(ByteBuffer in, TensorSpec spec, int components) {
        int rows = spec.rows();
        int across = spec.size() / Math.max(1, rows);
        int count = in.getInt();
        int[] starts = array(in, rows + 1, width(count), false);
        int[] columns = array(in, count, width(across - 1), false);
        int[] values = array(in, count, width(components - 1), false);
        int[] indices = new int[spec.size()];
        for (int r = 0; r < rows; r++) {
            for (int n = starts[r]; n < starts[r + 1]; n++) {
                indices[r * across + columns[n]] = values[n];
            }
        }
        return indices;
    }
}
