package io.softshare.network;

import io.softshare.graph.Operation;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which values of a network lie in one buffer because of a sum of two branches, y = a + b. Its gradient is that of a and of b: where nothing
 * needs to change one of them while another is still to be read, they are one buffer and the sum's backward pass does nothing. And y may
 * overwrite a branch that nothing else reads. In a residual network the whole stream's gradient is then one buffer.
 *
 * <p>Below, late is the branch whose layer comes last, early the other; layers run backward from the last.
 */
final class Sharing {
    private final List<Network.Plan> plans;
    private final Flow flow;
    private final Map<String, String> gradients = new HashMap<>();
    private final Map<String, String> data = new HashMap<>();

    Sharing(List<Network.Plan> plans, String image) {
        this.plans = plans;
        this.flow = new Flow(plans);
        for (int i = 0; i < plans.size(); i++) {
            if (plans.get(i).node().operation() instanceof Operation.Add) {
                share(i, image);
            }
        }
    }

    /** The value whose gradient's buffer a value has too, which is made before it; null: one of its own. */
    String gradientOf(String name) {
        return gradients.get(name);
    }

    /** The value whose buffer a value overwrites; null: one of its own. */
    String dataOf(String name) {
        return data.get(name);
    }

    private void share(int sum, String image) {
        String a = flow.value(plans.get(sum).node().inputs().get(0));
        String b = flow.value(plans.get(sum).node().inputs().get(1));
        if (a.equals(b)) {
            return;
        }
        boolean bIsLate = flow.maker(b) > flow.maker(a);
        String early = bIsLate ? a : b;
        String late = bIsLate ? b : a;
        String y = plans.get(sum).gives().name();
        boolean spare = flow.readers(late).size() == 1 && leavesItsOutput(flow.maker(late));
        if (spare) {
            data.put(y, late);
        }
        if (!early.equals(image) && isLastReader(sum, early)) {
            gradients.put(y, early);
            // What else reads early, late's layer at the earliest, adds to its gradient when late's has been read.
            if (spare && othersComeBefore(sum, early, flow.maker(late))) {
                gradients.put(late, early);
            }
        } else if (!late.equals(image) && isLastReader(sum, late)) {
            gradients.put(y, late);
        }
    }

    /** A sum that reads a value last is the first that gives it a gradient. */
    private boolean isLastReader(int sum, String value) {
        return flow.readers(value).stream().allMatch(i -> i <= sum);
    }

    private boolean othersComeBefore(int sum, String value, int maker) {
        return flow.readers(value).stream().allMatch(i -> i == sum || i <= maker);
    }

    /** Whether a layer's backward pass needs its output no more and leaves the output's gradient as it is: no rectifier is in it. */
    private boolean leavesItsOutput(int maker) {
        if (maker < 0 || plans.get(maker).fused() || plans.get(maker).pool() != null) {
            return false;
        }
        Operation operation = plans.get(maker).node().operation();
        return operation instanceof Operation.Convolution
                || operation instanceof Operation.Linear
                || operation instanceof Operation.BatchNorm;
    }
}
