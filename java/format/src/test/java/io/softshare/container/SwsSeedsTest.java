package io.softshare.container;

import io.softshare.Seeds;
import io.softshare.codec.Codec;
import io.softshare.codec.Codecs;
import io.softshare.graph.Graph;
import io.softshare.graph.Shape;
import io.softshare.graph.models.Models;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The smallest files with every codec, kind of operation, kind of tensor and way to store a graph. */
class SwsSeedsTest {
    @Test
    void files() throws Exception {
        Graph builtIn = Models.find("lenet-300-100", new Shape(1, 1, 1), 2).orElseThrow();
        List<Seeds.Seed> seeds = new ArrayList<>();
        for (String name : Codecs.names()) {
            Codec codec = Codecs.byName(name).orElseThrow();
            seeds.add(seed("tiny." + name, Examples.model(Examples.tiny(), 0.5), codec));
            seeds.add(seed("every." + name, Examples.model(Examples.every(), 0.3), codec));
            seeds.add(seed("built-in." + name, Examples.model(builtIn, 0.001), codec));
        }
        Seeds.check(SwsBytesFuzzTest.class, "anyBytes", seeds, file -> Hostile.checkSame(Hostile.read(file)));
        Seeds.check(
                SwsRepairedFuzzTest.class,
                "anyBytesInARightFrame",
                seeds,
                file -> Hostile.checkSame(Hostile.read(Hostile.repaired(file))));
    }

    private static Seeds.Seed seed(String name, CompressedModel model, Codec codec) {
        return new Seeds.Seed(name, SwsWriter.encode(model, codec));
    }
}
