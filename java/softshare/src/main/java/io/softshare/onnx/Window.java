package io.softshare.onnx;

import io.softshare.graph.Shape;
import io.softshare.onnx.OnnxModel.NodeProto;
import java.util.Arrays;
import java.util.List;

/** Kernel, strides and padding of a convolution or pool: the same before and after, in whole steps. */
record Window(int height, int width, int strideHeight, int strideWidth, int padHeight, int padWidth) {
    /** Kernel, strides and padding. @param kernel as the weights have it, or null for pools */
    static Window of(NodeProto node, Attributes a, Shape in, List<Long> kernel) throws OnnxException {
        List<Long> size = a.wholes("kernel_shape", kernel);
        if (size == null || size.size() != 2 || kernel != null && !size.equals(kernel)) {
            throw LayerImport.fault(
                    node,
                    "expected a kernel_shape of " + (kernel == null ? "two sizes" : kernel.toString()) + ", found "
                            + size);
        }
        List<Long> strides = a.wholes("strides", List.of(1L, 1L));
        List<Long> dilations = a.wholes("dilations", List.of(1L, 1L));
        List<Long> pads = a.wholes("pads", List.of(0L, 0L, 0L, 0L));
        if (strides.size() != 2 || pads.size() != 4) {
            throw LayerImport.fault(node, "expected two strides and four pads, found " + strides + " and " + pads);
        }
        if (dilations.stream().anyMatch(d -> d != 1)) {
            throw LayerImport.fault(node, "dilations " + dilations + " are not supported, only 1");
        }
        for (List<Long> list : List.of(size, strides, pads)) {
            for (long value : list) {
                if (value < 0 || value > 1 << 16 || value == 0 && list != pads) {
                    throw LayerImport.fault(node, "a window, stride or padding of " + value + " is not supported");
                }
            }
        }
        String auto = a.text("auto_pad", "NOTSET");
        long[] begin = {pads.get(0), pads.get(1)};
        long[] end = {pads.get(2), pads.get(3)};
        if (auto.startsWith("SAME")) {
            for (int i = 0; i < 2; i++) {
                long length = i == 0 ? in.height() : in.width();
                long stride = strides.get(i);
                long total = Math.max(0, ((length + stride - 1) / stride - 1) * stride + size.get(i) - length);
                begin[i] = total / 2;
                end[i] = total - total / 2;
            }
        } else if (!auto.equals("NOTSET") && !auto.isEmpty() && !auto.equals("VALID")) {
            throw LayerImport.fault(node, "auto_pad " + OnnxException.quote(auto) + " is not supported");
        }
        if (!Arrays.equals(begin, end)) {
            throw LayerImport.fault(
                    node,
                    "padding " + Arrays.toString(begin) + " before and " + Arrays.toString(end)
                            + " after is not supported, only equal ones");
        }
        return new Window(
                size.get(0).intValue(),
                size.get(1).intValue(),
                strides.get(0).intValue(),
                strides.get(1).intValue(),
                (int) begin[0],
                (int) begin[1]);
    }

    /** A window of a pool; rounding up is supported where it gives what rounding down does. */
    static Window ofPool(NodeProto node, Attributes a, Shape in) throws OnnxException {
        Window w = of(node, a, in, null);
        boolean up = a.whole("ceil_mode", 0) != 0;
        if (up
                && ((in.height() + 2 * w.padHeight - w.height) % w.strideHeight != 0
                        || (in.width() + 2 * w.padWidth - w.width) % w.strideWidth != 0)) {
            throw LayerImport.fault(node, "ceil_mode 1 is not supported where a window goes beyond the image");
        }
        return w;
    }
}
