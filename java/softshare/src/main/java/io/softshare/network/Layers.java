package io.softshare.network;

import io.softshare.device.BatchNormOperation;
import io.softshare.device.Buffer;
import io.softshare.device.ConvolutionOperation;
import io.softshare.device.ConvolutionPoolOperation;
import io.softshare.device.Kernels;
import io.softshare.device.LayerOperations;
import io.softshare.device.LinearOperation;
import io.softshare.device.PoolOperation;

/** The layers: each calls its kernels in order. Parameters are views into the arena. */
final class Layers {
    /** Weight of a batch in the running statistics; PyTorch's default unless they are estimated anew. */
    static final class Momentum {
        static final float USUAL = 0.1f;
        float value = USUAL;
    }

    private Layers() {}

    /** A layer's parameters and their gradients; bias may be null, gradients are null in inference. */
    record Parameters(Buffer weights, Buffer bias, Buffer dweights, Buffer dbias) {}

    record Convolution(ConvolutionOperation op, boolean relu, Parameters p, Value x, Value y, Sink dx)
            implements Layer {
        @Override
        public void forward() {
            op.forward(x.data, p.weights, p.bias, y.data);
        }

        @Override
        public void backward() {
            op.backward(
                    x.data,
                    relu ? y.data : null,
                    y.gradient,
                    p.weights,
                    dx.wanted() ? dx.target() : null,
                    p.dweights,
                    p.dbias);
            if (dx.wanted()) {
                dx.done();
            }
        }

        @Override
        public String implementation() {
            return op.implementation();
        }

        @Override
        public void close() {
            op.close();
        }
    }

    /** A convolution and its max-pool; argmax: null in inference. */
    record ConvolutionPool(ConvolutionPoolOperation op, Parameters p, Value x, Value y, Buffer argmax, Sink dx)
            implements Layer {
        @Override
        public void forward() {
            op.forward(x.data, p.weights, p.bias, y.data, argmax);
        }

        @Override
        public void backward() {
            op.backward(x.data, argmax, y.gradient, p.weights, dx.wanted() ? dx.target() : null, p.dweights, p.dbias);
            if (dx.wanted()) {
                dx.done();
            }
        }

        @Override
        public String implementation() {
            return op.implementation();
        }

        @Override
        public void close() {
            op.close();
        }
    }

    record Linear(LinearOperation op, boolean relu, Parameters p, Value x, Value y, Sink dx) implements Layer {
        @Override
        public void forward() {
            op.forward(x.data, p.weights, p.bias, y.data);
        }

        @Override
        public void backward() {
            op.backward(
                    x.data,
                    relu ? y.data : null,
                    y.gradient,
                    p.weights,
                    dx.wanted() ? dx.target() : null,
                    p.dweights,
                    p.dbias);
            if (dx.wanted()) {
                dx.done();
            }
        }

        @Override
        public String implementation() {
            return op.implementation();
        }

        @Override
        public void close() {
            op.close();
        }
    }

    record Pool(PoolOperation op, Value x, Value y, Buffer argmax, Sink dx) implements Layer {
        @Override
        public void forward() {
            op.forward(x.data, y.data, argmax);
        }

        @Override
        public void backward() {
            if (dx.wanted()) {
                op.backward(x.data, y.data, y.gradient, argmax, dx.target());
                dx.done();
            }
        }

        @Override
        public void close() {
            op.close();
        }
    }

    /** Rectifier in place: y is x. */
    record ReluInPlace(LayerOperations operations, Value y, long count) implements Layer {
        @Override
        public void forward() {
            operations.reluForward(count, y.data, y.data);
        }

        @Override
        public void backward() {
            operations.reluBackward(count, y.data, y.gradient, y.gradient);
        }
    }

    record Relu(LayerOperations operations, Value x, Value y, Sink dx, long count) implements Layer {
        @Override
        public void forward() {
            operations.reluForward(count, x.data, y.data);
        }

        @Override
        public void backward() {
            if (dx.wanted()) {
                operations.reluBackward(count, y.data, y.gradient, dx.target());
                dx.done();
            }
        }
    }

    record Add(Kernels kernels, Value a, Value b, Value y, Sink da, Sink db, long count) implements Layer {
        @Override
        public void forward() {
            kernels.add(count, a.data, b.data, y.data);
        }

        @Override
        public void backward() {
            if (da.wanted()) {
                da.pass(y.gradient);
            }
            if (db.wanted()) {
                db.pass(y.gradient);
            }
        }
    }

    record Flatten(Kernels kernels, int batch, Value x, Value y, Sink dx) implements Layer {
        @Override
        public void forward() {
            kernels.flatten(batch, x.shape.channels(), x.shape.height(), x.shape.width(), x.data, y.data);
        }

        @Override
        public void backward() {
            if (dx.wanted()) {
                kernels.unflatten(
                        batch, x.shape.channels(), x.shape.height(), x.shape.width(), y.gradient, dx.target());
                dx.done();
            }
        }
    }

    /** Batch-norm's parameters: scale and shift with their gradients, running statistics, and this batch's. */
    record Norm(
            Buffer scale,
            Buffer shift,
            Buffer dscale,
            Buffer dshift,
            Buffer runningMean,
            Buffer runningVariance,
            Buffer mean,
            Buffer variance) {}

    record BatchNorm(BatchNormOperation op, boolean training, Momentum momentum, Norm p, Value x, Value y, Sink dx)
            implements Layer {
        /** The same with its output, and the gradient in its input, in bfloat16. */
        BatchNorm inBf16(boolean output, boolean gradient) {
            return new BatchNorm(op.inBf16(output, gradient), training, momentum, p, x, y, dx);
        }

        @Override
        public void forward() {
            if (training) {
                op.forward(
                        x.data,
                        p.scale,
                        p.shift,
                        momentum.value,
                        y.data,
                        p.mean,
                        p.variance,
                        p.runningMean,
                        p.runningVariance);
            } else {
                op.inference(x.data, p.scale, p.shift, p.runningMean, p.runningVariance, y.data);
            }
        }

        @Override
        public void backward() {
            op.backward(x.data, y.data, y.gradient, p.scale, p.mean, p.variance, dx.target(), p.dscale, p.dshift);
            dx.done();
        }
    }
}
