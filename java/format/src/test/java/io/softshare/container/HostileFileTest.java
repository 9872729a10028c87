package io.softshare.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.codec.Codec;
import io.softshare.codec.Codecs;
import io.softshare.codec.LimitException;
import io.softshare.codec.Limits;
import io.softshare.codec.MalformedFileException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that are wrong by accident or on purpose: each is refused, at a byte, in one line. */
class HostileFileTest {
    private static byte[] tiny(String codec) {
        return SwsWriter.encode(
                Examples.model(Examples.tiny(), 0.5), Codecs.byName(codec).orElseThrow());
    }

    private static MalformedFileException refused(byte[] file, Limits limits, String what) {
        MalformedFileException e = assertThrows(MalformedFileException.class, () -> SwsReader.read(file, limits), what);
        Hostile.checkRefusal(e, file.length);
        return e;
    }

    @ParameterizedTest
    @ValueSource(strings = {"context", "csr-huffman"})
    void everySingleByteChange(String codec) {
        byte[] file = tiny(codec);
        for (int at = 0; at < file.length; at++) {
            for (int change = 1; change < 256; change++) {
                byte[] changed = file.clone();
                changed[at] ^= (byte) change;
                refused(changed, Limits.DEFAULT, "byte " + at + " changed by " + change);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"context", "csr-huffman"})
    void everyTruncationAndTail(String codec) {
        byte[] file = tiny(codec);
        for (int length = 0; length < file.length; length++) {
            refused(Arrays.copyOf(file, length), Limits.DEFAULT, "cut to " + length);
        }
        for (int more = 1; more < 20; more++) {
            refused(Arrays.copyOf(file, file.length + more), Limits.DEFAULT, more + " bytes more");
        }
    }

    /**
     * Someone who repairs the checksum may choose what is decoded, but gets no other exception out of it, and no more memory
     * than the file is worth.
     */
    @ParameterizedTest
    @CsvSource({"context, 2147483647", "context, 0", "csr-huffman, 2147483647", "csr-huffman, 0"})
    void everyChangeWithARepairedChecksum(String codec, int sectionNonZeros) throws Exception {
        byte[] file = SwsWriter.encode(
                Examples.model(Examples.every(), 0.3),
                Codecs.byName(codec).orElseThrow(),
                new SwsWriter.Options(sectionNonZeros));
        Hostile.checkSame(Hostile.read(file));
        assertTimeoutPreemptively(Duration.ofSeconds(60), () -> {
            for (int at = 6; at < file.length - 4; at++) {
                for (int change : new int[] {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
                    byte[] changed = file.clone();
                    changed[at] ^= (byte) change;
                    Hostile.sign(changed);
                    try {
                        Hostile.read(changed);
                    } catch (MalformedFileException e) {
                        Hostile.checkRefusal(e, changed.length);
                    }
                }
            }
        });
    }

    /** A file cut anywhere and framed anew is refused, or is another one that is right: a code's last bytes may be left out. */
    @ParameterizedTest
    @ValueSource(strings = {"context", "csr-huffman"})
    void everyTruncationInARightFrame(String codec) throws Exception {
        byte[] file = SwsWriter.encode(
                Examples.model(Examples.every(), 0.3), Codecs.byName(codec).orElseThrow(), new SwsWriter.Options(0));
        int refused = 0;
        for (int length = 10; length < file.length; length++) {
            byte[] cut = Hostile.repaired(Arrays.copyOf(file, length));
            try {
                Hostile.checkSame(Hostile.read(cut));
            } catch (MalformedFileException e) {
                Hostile.checkRefusal(e, cut.length);
                refused++;
            }
        }
        assertTrue(refused > file.length * 9 / 10, "refused " + refused + " of " + file.length);
    }

    @Test
    void foreignFiles() {
        for (String text : new String[] {"", "\n", "{\"a\":1}", "<html>", "PK\3\4 and so on", "SWS", "ÓSWS"}) {
            refused(text.getBytes(StandardCharsets.UTF_8), Limits.DEFAULT, text);
        }
        MalformedFileException e = refused(new byte[] {0x1F, (byte) 0x8B, 8, 0}, Limits.DEFAULT, "gzip");
        assertEquals(0, e.offset());
        assertTrue(e.getMessage().contains("0x1F"), e.getMessage());
    }

    @Test
    void otherVersionsAndFeaturesAreNamed() {
        byte[] version = tiny("context");
        version[4] = 9;
        assertTrue(refused(version, Limits.DEFAULT, "version").getMessage().contains("version 9.0"));
        MalformedFileException feature = refused(
                container(out -> {
                    out.varint(1 << 5);
                    out.varint(0);
                }),
                Limits.DEFAULT,
                "feature");
        assertTrue(feature.getMessage().contains("required feature 5"), feature.getMessage());
        MalformedFileException codec = refused(
                container(out -> {
                    out.varint(0);
                    out.varint(1 << 3); // an optional feature may be unknown
                    out.varint(77);
                }),
                Limits.DEFAULT,
                "codec");
        assertTrue(codec.getMessage().contains("codec 77"), codec.getMessage());
    }

    @Test
    void asksForTooMuch() {
        assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
            tooMuch("built-in with huge images", out -> {
                out.u8(1);
                shape(out, 1, 20_000, 20_000);
                out.varint(10);
            });
            tooMuch("built-in with many channels", out -> {
                out.u8(1);
                shape(out, Integer.MAX_VALUE, 1, 1);
                out.varint(10);
            });
            tooMuch("built-in with many classes", out -> {
                out.u8(2);
                shape(out, 1, 28, 28);
                out.varint(Integer.MAX_VALUE);
            });
            tooMuch("a shape beyond 2^31", out -> {
                out.u8(1);
                shape(out, 70_000, 70_000, 70_000);
                out.varint(10);
            });
            tooMuch("many channels", out -> {
                out.u8(0);
                out.name("x");
                shape(out, Integer.MAX_VALUE, 1, 1);
            });
            tooMuch("many nodes", out -> {
                start(out);
                out.varint(Integer.MAX_VALUE);
            });
            tooMuch("a long name", out -> {
                out.u8(0);
                out.varint(Integer.MAX_VALUE);
            });
            tooMuch("a wide layer", out -> {
                start(out);
                node(out, 2, 0, 0x7FFF_FFFF);
            });
            tooMuch("a huge kernel", out -> {
                start(out);
                node(out, 1, 16, 0x7FFF_FFFF, 0x7FFF_FFFF, 0x4000_0000);
            });
            tooMuch("padding that wraps around", out -> {
                start(out);
                node(out, 5, 16, 1, 0x7FFF_FFFF);
            });
            tooMuch("an input that is no node", out -> {
                start(out);
                out.varint(2);
                out.varint(2 * 4 + 1);
                out.varint(1);
            });
            tooMuch("a name that shares more than there is", out -> {
                start(out);
                node(out, 2, 0, 1);
                out.u8(0x11);
                out.u8('a');
            });
            tooMuch("unknown flags of an operation", out -> {
                start(out);
                node(out, 2, 128, 1);
                out.u8(0);
            });
            tooMuch("an unknown layout", out -> {
                out.u8(0x40);
                out.name("x");
                shape(out, 1, 1, 1);
                out.u8(3 << 5);
            });
            tooMuch("an unknown head", out -> {
                out.u8(0x80);
                out.name("x");
                shape(out, 1, 1, 1);
                out.u8(3);
            });
        });
    }

    @Test
    void aLimitIsKeptAndNamed() throws Exception {
        byte[] file = tiny("context");
        Limits exact = new Limits(file.length, 43, 5, 8, 3, 4, 4);
        SwsReader.read(file, exact);
        beyond(file, exact.withFileBytes(file.length - 1), "bytes of file");
        beyond(file, exact.withElements(42), "elements");
        beyond(file, exact.withActivations(4), "values that a node gives");
        beyond(file, exact.withActivations(3), "values of one image");
        beyond(file, exact.withNodes(2), "nodes");
        beyond(file, exact.withTensors(3), "tensors");
        beyond(file, exact.withNameBytes(3), "bytes of the name");
    }

    private static void beyond(byte[] file, Limits limits, String what) {
        MalformedFileException e = refused(file, limits, what);
        assertInstanceOf(LimitException.class, e);
        assertTrue(e.getMessage().contains(what), e.getMessage());
    }

    @Test
    void namesAreOneLineOfText() {
        for (String name : new String[] {"a\nb", "\u001b[2J", "a\0", "\u0085", "\u2028"}) {
            MalformedFileException e = refused(
                    container(out -> {
                        out.varint(0);
                        out.varint(0);
                        out.varint(1);
                        start(out);
                        out.varint(3); // one node, named
                        out.varint(2 * 4);
                        new NameCode().write(out, name);
                    }),
                    Limits.DEFAULT,
                    name);
            assertTrue(e.getMessage().contains("control character"), e.getMessage());
        }
    }

    private static void start(ByteSink out) {
        out.u8(0);
        out.name("x");
        shape(out, 1, 1, 1);
    }

    /** The only node of a graph, without its name. */
    private static void node(ByteSink out, int operation, int flags, int... parameters) {
        out.varint(2);
        out.varint(2 * operation);
        out.u8(flags);
        for (int p : parameters) {
            out.varint(p);
        }
    }

    private static void shape(ByteSink out, int channels, int height, int width) {
        out.varint(channels);
        out.varint(height);
        out.varint(width);
    }

    private static void tooMuch(String what, Consumer<ByteSink> graph) {
        for (String name : Codecs.names()) {
            Codec codec = Codecs.byName(name).orElseThrow();
            refused(
                    container(out -> {
                        out.varint(0);
                        out.varint(0);
                        out.varint(codec.id());
                        graph.accept(out);
                    }),
                    Limits.DEFAULT,
                    what);
        }
    }

    /** A file with a right start and checksum around anything. */
    private static byte[] container(Consumer<ByteSink> rest) {
        ByteSink inner = new ByteSink();
        rest.accept(inner);
        ByteSink out = new ByteSink();
        for (int m : SwsConstants.MAGIC) {
            out.u8(m);
        }
        out.u8(SwsConstants.MAJOR);
        out.u8(SwsConstants.MINOR);
        out.varint(inner.size() + 4);
        out.bytes(inner.toBytes());
        out.u32(0);
        byte[] file = out.toBytes();
        Hostile.sign(file);
        return file;
    }
}
