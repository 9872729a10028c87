package io.softshare.network;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Who makes and who reads each value of a network, by position among its plans. A rectifier in place gives the value that it changes. */
final class Flow {
    private final Map<String, Integer> makers = new HashMap<>();
    private final Map<String, List<Integer>> readers = new HashMap<>();
    private final Map<String, String> aliases = new HashMap<>();

    Flow(List<Network.Plan> plans) {
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
    }

    /** The value that a node gives. */
    String value(String name) {
        return aliases.getOrDefault(name, name);
    }

    /** Who makes a value, or changes it last; −1: it is the image. */
    int maker(String value) {
        return makers.getOrDefault(value, -1);
    }

    /** Who reads a value, in order. */
    List<Integer> readers(String value) {
        return readers.getOrDefault(value, List.of());
    }
}
