package io.softshare.container;

import io.softshare.Seeds;
import io.softshare.codec.Codec;
import io.softshare.codec.Codecs;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The smallest files with every codec, kind of operation and kind of tensor, whole and in sections. Built-in graphs are too
 * large for many runs a second: the targets' limits refuse them once they are made.
 */
class SwsSeedsTest {
    @Test
    void files() throws Exception {
        List<Seeds.Seed> seeds = new ArrayList<>();
        for (String name : List.of("context", "csr-huffman")) {
            Codec codec = Codecs.byName(name).orElseThrow();
            seeds.add(seed("tiny." + name, Examples.model(Examples.tiny(), 0.5), codec));
            seeds.add(seed("every." + name, Examples.model(Examples.every(), 0.3), codec));
            seeds.add(new Seeds.Seed(
                    "sections." + name,
                    SwsWriter.encode(Examples.model(Examples.tiny(), 0.5), codec, new SwsWriter.Options(0))));
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
