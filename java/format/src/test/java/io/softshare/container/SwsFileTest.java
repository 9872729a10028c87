package io.softshare.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.codec.Codec;
import io.softshare.codec.Codecs;
import io.softshare.codec.Limits;
import io.softshare.codec.MalformedFileException;
import io.softshare.graph.Graph;
import io.softshare.graph.Node;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.Shape;
import io.softshare.graph.Signature;
import io.softshare.graph.models.Models;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SwsFileTest {
    static List<Codec> codecs() {
        return Codecs.names().stream().map(n -> Codecs.byName(n).orElseThrow()).toList();
    }

    private static SwsFile check(CompressedModel model, Codec codec) throws MalformedFileException {
        byte[] bytes = SwsWriter.encode(model, codec);
        SwsFile file = SwsReader.read(bytes, Limits.DEFAULT);
        assertEquals(model, file.model());
        assertEquals(codec.id(), file.codec().id());
        assertEquals(bytes.length, file.bytes());
        assertEquals(file.bytes(), file.graphBytes() + file.payloadBytes());
        return file;
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void everyGraphComesBack(Codec codec) throws Exception {
        check(Examples.model(Examples.every(), 0.3), codec);
        check(Examples.model(Examples.tiny(), 0.5), codec);
        check(Examples.model(Examples.imported(), 0.5), codec);
        for (String name : Models.names()) {
            SwsFile file = check(Examples.model(Examples.builtIn(name), 0.01), codec);
            assertTrue(
                    file.graphBytes() <= 24 + 5 * 3, name + " is a number: " + file.graphBytes() + " bytes around it");
        }
    }

    @Test
    void aBuiltInGraphForOtherImages() throws Exception {
        Graph graph = Models.find("lenet-5", new Shape(3, 20, 24), 7).orElseThrow();
        assertTrue(check(Examples.model(graph, 0.01), Codecs.defaultCodec()).graphBytes() <= 24);
    }

    @Test
    void aBuiltInGraphWithOtherEnds() throws Exception {
        Graph usual = Examples.builtIn("lenet-5");
        Graph other = new Graph(
                usual.name(),
                usual.input(),
                new Preprocessing(List.of(33.3f), List.of(78.6f)),
                new Signature("x", "output", Signature.Head.SOFTMAX),
                usual.nodes());
        long bytes = check(Examples.model(usual, 0.01), Codecs.defaultCodec()).graphBytes();
        long more = check(Examples.model(other, 0.01), Codecs.defaultCodec()).graphBytes();
        assertEquals(bytes + 9 + 3, more, "flags and two numbers; flags and a name");
    }

    @Test
    void aGraphInFullIsShort() throws Exception {
        Graph graph = Examples.imported();
        long bytes = check(Examples.model(graph, 0.5), Codecs.defaultCodec()).graphBytes();
        long names = graph.tensors().stream().mapToLong(t -> t.name().length()).sum();
        assertTrue(bytes < names, bytes + " bytes around the tensors, whose names alone are " + names);
    }

    @Test
    void aChangedGraphUnderABuiltInNameIsStoredInFull() throws Exception {
        Graph graph = Examples.builtIn("lenet-300-100");
        List<Node> nodes = new ArrayList<>(graph.nodes());
        Node last = nodes.remove(nodes.size() - 1);
        nodes.add(new Node("head", last.operation(), last.inputs()));
        Graph renamed = new Graph(graph.name(), graph.input(), graph.preprocessing(), nodes);
        assertTrue(check(Examples.model(renamed, 0.01), Codecs.defaultCodec()).graphBytes() > 50);
    }

    @Test
    void throughAFile(@TempDir Path folder) throws Exception {
        Path path = folder.resolve("net.sws");
        CompressedModel model = Examples.model(Examples.tiny(), 0.5);
        assertEquals(SwsWriter.write(path, model, Codecs.defaultCodec()), Files.size(path));
        assertEquals(model, SwsReader.read(path).model());
        Limits small = Limits.DEFAULT.withFileBytes(Files.size(path) - 1);
        MalformedFileException e = assertThrows(MalformedFileException.class, () -> SwsReader.read(path, small));
        assertTrue(e.getMessage().startsWith(path + ": "), e.getMessage());
    }

    @Test
    void tensorsMustBeThoseOfTheGraph() {
        CompressedModel model = Examples.model(Examples.tiny(), 0.5);
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class,
                () -> new CompressedModel(model.graph(), model.tensors().subList(0, 3)));
        assertTrue(e.getMessage().contains("fc2.bias"), e.getMessage());
    }
}
