package io.softshare.safetensors;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.softshare.Allocation;
import io.softshare.codec.Limits;
import io.softshare.graph.Shape;
import io.softshare.graph.models.Models;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Timeout;

/** Any bytes as a safetensors file. Those in front that are no right header length are put right. */
class SafetensorsFuzzTest {
    private static final Limits SMALL = SafetensorsReader.LIMITS
            .withFileBytes(1 << 16)
            .withElements(20_000)
            .withTensors(100)
            .withNameBytes(100);

    /** Memory for each byte of the file: a value of JSON may take two bytes of text and a hundred of memory. */
    private static final long SHARE = 200;

    private static final long FIXED = 1 << 18;

    @FuzzTest
    @Timeout(20)
    void anyBytes(byte[] data) throws Exception {
        byte[] file = withLength(data);
        StateDict read;
        try {
            read = Allocation.within(FIXED + SHARE * file.length, () -> SafetensorsReader.read(file, SMALL));
        } catch (SafetensorsException e) {
            checkLine(e);
            return;
        }
        try {
            read.forGraph(Models.find("lenet-300-100", new Shape(1, 4, 4), 2).orElseThrow());
        } catch (SafetensorsException e) {
            checkLine(e);
        }
        Path path = Files.createTempFile("fuzz", ".safetensors");
        try {
            read.write(path);
            checkSame(read, StateDict.read(path));
        } finally {
            Files.delete(path);
        }
    }

    /** The length of the header up to the first closing of a line, if there is one, so that the fuzzer gets past it. */
    private static byte[] withLength(byte[] data) {
        if (data.length < 8) {
            return data;
        }
        int end = 8;
        while (end < data.length && data[end] != '\n') {
            end++;
        }
        if (end == data.length) {
            return data;
        }
        byte[] file = data.clone();
        for (int i = 0; i < 8; i++) {
            file[i] = (byte) ((long) end + 1 - 8 >>> 8 * i);
        }
        return file;
    }

    private static void checkLine(SafetensorsException e) {
        if (e.getMessage().length() > 3000 || e.getMessage().chars().anyMatch(Character::isISOControl)) {
            throw new AssertionError("a refusal is one short line of text", e);
        }
    }

    /** Counters of batches are written as whole numbers, which are passed over in reading. */
    private static void checkSame(StateDict written, StateDict back) {
        List<NamedTensor> expected =
                written.tensors().stream().filter(t -> !StateDict.isCounter(t)).toList();
        boolean same =
                expected.size() == back.tensors().size() && written.metadata().equals(back.metadata());
        for (int i = 0; same && i < expected.size(); i++) {
            NamedTensor a = expected.get(i);
            NamedTensor b = back.tensors().get(i);
            same = a.name().equals(b.name()) && a.shape().equals(b.shape()) && Arrays.equals(a.values(), b.values());
        }
        if (!same) {
            throw new AssertionError("written and read again, it is another file: " + back);
        }
    }
}
