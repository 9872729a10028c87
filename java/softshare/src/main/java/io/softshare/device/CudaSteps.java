package io.softshare.device;

import static io.softshare.device.CudaRuntime.attempt;
import static io.softshare.device.CudaRuntime.check;

import java.util.HashMap;
import java.util.Map;
import org.bytedeco.cuda.cudart.CUgraphExec_st;
import org.bytedeco.cuda.cudart.CUgraph_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;

/**
 * Steps as CUDA graphs. The first step of a form runs as it is, which also loads its kernels; the second is recorded; from
 * then on one call launches the whole step.
 */
final class CudaSteps implements Steps {
    private final CUstream_st stream;
    private final Map<Object, CUgraphExec_st> recordings = new HashMap<>();
    private long recordingNanos;

    CudaSteps(CUstream_st stream) {
        this.stream = stream;
    }

    @Override
    public void run(Object form, Runnable step) {
        if (!recordings.containsKey(form)) {
            recordings.put(form, null);
            step.run();
            return;
        }
        CUgraphExec_st recording = recordings.get(form);
        if (recording == null) {
            long start = System.nanoTime();
            recording = record(step);
            recordingNanos += System.nanoTime() - start;
            recordings.put(form, recording);
        }
        check("a recorded step", cudart.cudaGraphLaunch(recording, stream));
    }

    private CUgraphExec_st record(Runnable step) {
        CUgraph_st graph = new CUgraph_st();
        // Of this thread only: buffers that the garbage collector frees elsewhere must not spoil the recording.
        check("recording a step", cudart.cudaStreamBeginCapture(stream, cudart.cudaStreamCaptureModeThreadLocal));
        try {
            step.run();
        } catch (RuntimeException | Error e) {
            attempt(() -> cudart.cudaStreamEndCapture(stream, graph));
            throw e;
        }
        check("recording a step", cudart.cudaStreamEndCapture(stream, graph));
        CUgraphExec_st recording = new CUgraphExec_st();
        int error = cudart.cudaGraphInstantiateWithFlags(recording, graph, 0);
        attempt(() -> cudart.cudaGraphDestroy(graph));
        check("a recorded step", error);
        return recording;
    }

    @Override
    public double recordingSeconds() {
        return recordingNanos / 1e9;
    }

    @Override
    public void close() {
        attempt(() -> cudart.cudaStreamSynchronize(stream));
        for (CUgraphExec_st recording : recordings.values()) {
            if (recording != null) {
                attempt(() -> cudart.cudaGraphExecDestroy(recording));
            }
        }
        recordings.clear();
    }
}
