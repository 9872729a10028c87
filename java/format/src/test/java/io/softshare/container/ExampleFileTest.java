package io.softshare.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The committed example decodes. */
class ExampleFileTest {
    @Test
    void exampleDecodes() throws Exception {
        SwsFile file = SwsReader.read(Path.of("../../docs/examples/lenet-300-100.sws"));
        assertEquals("lenet-300-100", file.model().graph().name());
        assertEquals(266_610, file.model().graph().parameterCount());
        assertTrue(file.compressionRatio() > 100);
        assertTrue(file.model().tensor("fc1.weight").nonZero() > 1000);
    }
}
