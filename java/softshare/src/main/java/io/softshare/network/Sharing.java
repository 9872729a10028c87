package io.softshare.network;

import io.softshare.graph.Operation;
import java.util.ArrayList;
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
    private final Map<String, Integer> makers = new HashMap<>();
    private final Map<String, List<Integer>> readers = new HashMap<>();
    private final Map<String, String> aliases = new HashMap<>();
    private final Map<String, String> gradients = new HashMap<>();
    private final Map<String, String> data = new HashMap<>();

    Sharing(List<Network.Plan> plans, String image) {
        this.plans = plans;
        for (int i = 0; i < plans.size(); i++) {
            Network.Plan plan = plans.get(i);
            String gives = plan.gives().name();
            if (plan.inPlace()) {
                aliases.put(gives, value(plan.node().inputs().get(0)));
            } else {
                for (String from : plan.node().inputs()) {
                    readers.computeIfAbsent(value(from), k -> new ArrayList<>()).add(i);
                }
            }
            makers.put(value(gives), i);
        }
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

    /** What a rectifier in place gives is the value that it changes. */
    private String value(String name) {
        return aliases.getOrDefault(name, name);
    }

    private void share(int sum, String image) {
        String a = value(plans.get(sum).node().inputs().get(0));
        String b = value(plans.get(sum).node().inputs().get(1));
        if (a.equals(b)) {
            return;
        }
        boolean bIsLate = makers.getOrDefault(b, -1) > makers.getOrDefault(a, -1);
        String early = bIsLate ? a : b;
        String late = bIsLate ? b : a;
        String y = plans.get(sum).gives().name();
        boolean spare = readers.get(late).size() == 1 && leavesItsOutput(makers.getOrDefault(late, -1));
        if (spare) {
            data.put(y, late);
        }
        if (!early.equals(image) && isLastReader(sum, early)) {
            gradients.put(y, early);
            // What else reads early, late's layer at the earliest, adds to its gradient when late's has been read.
            if (spare && othersComeBefore(sum, early, makers.get(late))) {
                gradients.put(late, early);
            }
        } else if (!late.equals(image) && isLastReader(sum, late)) {
            gradients.put(y, late);
        }
    }

    /** A sum that reads a value last is the first that gives it a gradient. */
    private boolean isLastReader(int sum, String value) {
        return readers.get(value).stream().allMatch(i -> i <= sum);
    }

    private boolean othersComeBefore(int sum, String value, int maker) {
        return readers.get(value).stream().allMatch(i -> i == sum || i <= maker);
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
