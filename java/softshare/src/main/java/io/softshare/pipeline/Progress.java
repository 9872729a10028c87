package io.softshare.pipeline;

import io.softshare.graph.Graph;
import io.softshare.graph.Node;
import io.softshare.graph.Operation;
import io.softshare.graph.Shape;

/**
 * Epochs of a run and the time they will still take. An epoch of a teacher may cost ten times one of the network, so the
 * time is told by the epochs of the part at hand, and of the part to come by its multiply-adds.
 */
final class Progress {
    private int done;
    private int total;
    private long began = System.nanoTime();
    private int doneHere;

    Progress(int done, int total) {
        this.done = done;
        this.total = total;
    }

    /** A part begins: its epochs cost something else. */
    void begin() {
        began = System.nanoTime();
        doneHere = 0;
    }

    void epoch() {
        done++;
        doneHere++;
    }

    /** Epochs that will not be: a stage ended early, or is left out. */
    void without(int epochs) {
        total -= epochs;
    }

    int done() {
        return done;
    }

    int total() {
        return total;
    }

    /**
     * Seconds that are left, to a third or so.
     *
     * @param later epochs that belong to the next part
     * @param cost of one of those, an epoch of this part being 1
     */
    double secondsLeft(int later, double cost) {
        double each = (System.nanoTime() - began) / 1e9 / Math.max(1, doneHere);
        return each * (Math.max(0, total - done - later) + later * cost);
    }

    /** Multiply-adds of an image's forward pass. */
    static double multiplyAdds(Graph graph) {
        double sum = 0;
        for (Node node : graph.nodes()) {
            Shape out = graph.shape(node.name());
            if (node.operation() instanceof Operation.Convolution c) {
                sum += (double) out.size() * c.inChannels() * c.kernelHeight() * c.kernelWidth();
            } else if (node.operation() instanceof Operation.Linear l) {
                sum += (double) l.inFeatures() * l.outFeatures();
            }
        }
        return sum;
    }
}
