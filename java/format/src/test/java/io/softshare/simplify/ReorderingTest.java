package io.softshare.simplify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.codec.Codec;
import io.softshare.codec.Codecs;
import io.softshare.container.CompressedModel;
import io.softshare.graph.Shape;
import io.softshare.graph.models.Models;
import io.softshare.simplify.ChannelGroups.Group;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ReorderingTest {
    private static int[] shuffled(int size, Random random) {
        List<Integer> order = IntStream.range(0, size).boxed().collect(Collectors.toList());
        Collections.shuffle(order, random);
        return order.stream().mapToInt(i -> i).toArray();
    }

    /** Any order at all of every group gives the same logits: so the groups hold all that must move together. */
    @Test
    void randomOrdersComputeTheSame() {
        Random random = new Random(3);
        int groups = 0;
        int changed = 0;
        for (long seed = 0; seed < 400; seed++) {
            CompressedModel model = RandomNetworks.network(seed);
            CompressedModel moved = model;
            for (Group group : ChannelGroups.of(model.graph())) {
                moved = Permutation.apply(moved, group, shuffled(group.channels(), random));
                groups++;
            }
            SimplifierTest.sameLogits(model, moved, 0, "seed " + seed);
            changed += moved.equals(model) ? 0 : 1;
        }
        assertTrue(groups > 800 && changed > 300, groups + " groups, " + changed + " networks changed");
    }

    @Test
    void reorderingSavesBytesAndComputesTheSame() {
        Codec codec = Codecs.defaultCodec();
        int moved = 0;
        for (long seed = 0; seed < 60; seed++) {
            CompressedModel model = RandomNetworks.network(seed);
            Reordering.Reordered reordered = Reordering.reorder(model, codec);
            SimplifierTest.sameLogits(model, reordered.model(), 0, "seed " + seed);
            assertEquals(codec.encode(reordered.model().tensors()).bytes().length, reordered.bytesAfter());
            assertTrue(reordered.bytesAfter() <= reordered.bytesBefore());
            moved += reordered.movedGroups();
        }
        assertTrue(moved > 10, moved + " groups moved"); // a byte saved is rare in networks this small
    }

    @Test
    void residualJoinsTieGroups() {
        var wide = Models.find("wrn-16-4", new Shape(3, 32, 32), 10).orElseThrow();
        // conv0's output; one for the sums of each width, one within each of six blocks
        List<Group> groups = ChannelGroups.of(wide);
        assertEquals(10, groups.size());
        Group sums = groups.stream()
                .filter(g -> g.uses().stream()
                        .anyMatch(u ->
                                u.tensor().equals("blocks.0.shortcut.weight") && u.axis() == ChannelGroups.Axis.ROWS))
                .findFirst()
                .orElseThrow();
        List<String> names = sums.uses().stream().map(ChannelGroups.Use::tensor).toList();
        assertTrue(
                names.containsAll(List.of(
                        "blocks.0.conv2.weight",
                        "blocks.1.conv2.weight",
                        "blocks.1.bn1.running_var",
                        "blocks.1.conv1.weight",
                        "blocks.2.shortcut.weight")),
                names.toString());
    }

    @Test
    void flatteningMakesBlocksOfColumns() {
        var lenet = Models.find("lenet-5", new Shape(1, 28, 28), 10).orElseThrow();
        List<Group> groups = ChannelGroups.of(lenet);
        assertEquals(List.of(500, 50, 20), groups.stream().map(Group::channels).toList());
        assertTrue(
                groups.get(1).uses().contains(new ChannelGroups.Use("fc1.weight", ChannelGroups.Axis.COLUMNS, 16)),
                groups.get(1).toString());
        assertNotEquals(groups.get(0), groups.get(1));
    }
}
