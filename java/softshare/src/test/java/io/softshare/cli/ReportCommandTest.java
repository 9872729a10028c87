package io.softshare.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.cli.Processes.Outcome;
import io.softshare.codec.CompressedTensor;
import io.softshare.codec.QuantizedTensor;
import io.softshare.container.SwsReader;
import io.softshare.json.Json;
import io.softshare.report.Report;
import io.softshare.report.ReportException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.swing.text.MutableAttributeSet;
import javax.swing.text.html.HTML;
import javax.swing.text.html.HTMLEditorKit;
import javax.swing.text.html.parser.ParserDelegator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The report of a real run: what is in it, that it loads nothing, and what a spoilt folder gives. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ReportCommandTest {
    private static final Set<String> VOID = Set.of("meta", "link", "img", "br", "hr", "input");

    @TempDir
    static Path folder;

    private ReportRun made;
    private String page;

    @BeforeAll
    void run() throws Exception {
        made = ReportRun.make(folder);
        page = Files.readString(made.report);
    }

    private Outcome report(Path run, Path out) throws Exception {
        return new Processes(folder, List.of(), Map.of()).run("report", run.toString(), "--out", out.toString());
    }

    @Test
    void theCommandMakesTheSameFileAsCompress() throws Exception {
        Path out = folder.resolve("again.html");
        Outcome outcome = report(made.run, out);
        assertEquals(0, outcome.status(), outcome.err());
        assertArrayEquals(Files.readAllBytes(made.report), Files.readAllBytes(out));
    }

    @Test
    void figuresAreThoseOfTheResult() throws Exception {
        Map<?, ?> result = (Map<?, ?>) Json.parse(Files.readString(made.run.resolve("result.json")));
        long bytes = ((Number) result.get("fileBytes")).longValue();
        assertEquals(Files.size(folder.resolve("small.sws")), bytes);
        String text = text(page);
        assertTrue(text.contains(String.format("%,d B", bytes)), text);
        assertTrue(text.contains(String.format("%.2f %%", ((Number) result.get("testErrorPercent")).doubleValue())));
        Map<?, ?> charts = charts(page);
        assertEquals(Set.of("histogram", "scatter", "epochs", "mixture", "proportions", "bytes"), charts.keySet());
        Map<?, ?> cost = (Map<?, ?>) charts.get("bytes");
        double sum = ((Number) cost.get("rest")).doubleValue();
        for (Object part : (List<?>) cost.get("bytes")) {
            for (Object layer : (List<?>) part) {
                sum += ((Number) layer).doubleValue();
            }
        }
        assertEquals(bytes, sum, 0.2, "bytes by layer and part do not add up");
        Map<?, ?> histogram = (Map<?, ?>) charts.get("histogram");
        long weights = 300 * 144 + 100 * 300 + 10 * 100 - 6 * 100; // four classes
        for (String when : List.of("before", "after")) {
            assertEquals(
                    weights,
                    ((List<?>) histogram.get(when))
                            .stream().mapToLong(n -> ((Number) n).longValue()).sum());
        }
        Map<?, ?> epochs = (Map<?, ?>) charts.get("epochs");
        assertEquals(17, ((List<?>) epochs.get("loss")).size());
        assertEquals(5, ((List<?>) epochs.get("stages")).size());
        List<?> pieces = (List<?>) ((Map<?, ?>) charts.get("mixture")).get("pieces");
        assertEquals(3, pieces.size(), "prior, recover and soften have a mixture, plain and hard have not");
        assertEquals(true, ((Map<?, ?>) pieces.get(0)).get("zero"));
        assertEquals(false, ((Map<?, ?>) pieces.get(1)).get("zero"));
    }

    @Test
    void eachLayersMixtureIsShown() throws Exception {
        ReportRun layers =
                ReportRun.make(Files.createDirectories(folder.resolve("layers")), "--set", "prior.perLayer=true");
        Set<String> expected = new TreeSet<>(Set.of("histogram", "scatter", "epochs", "bytes"));
        for (String suffix : List.of("", "-2", "-3")) {
            expected.add("mixture" + suffix);
            expected.add("proportions" + suffix);
        }
        String its = Files.readString(layers.report);
        wellFormed(its);
        Map<?, ?> charts = charts(its);
        assertEquals(expected, new TreeSet<>(charts.keySet()));
        assertTrue(its.contains("The mixture over time: fc2.weight"), text(its));
        assertNotEquals(charts.get("mixture"), charts.get("mixture-2"));
        List<float[]> codebooks = new ArrayList<>();
        for (CompressedTensor tensor :
                SwsReader.read(layers.run.resolve("model.sws")).model().tensors()) {
            if (tensor instanceof QuantizedTensor q) {
                codebooks.add(q.codebook());
            }
        }
        assertEquals(3, codebooks.size());
        assertFalse(Arrays.equals(codebooks.get(0), codebooks.get(1)), Arrays.toString(codebooks.get(0)));
        // A layer's mixture is missing in an epoch.
        List<String> lines = Files.readAllLines(layers.run.resolve("metrics.jsonl"));
        lines.replaceAll(line -> line.replaceFirst("\"mixtures\":\\[\\[[^\\]]*\\],", "\"mixtures\":["));
        Files.write(layers.run.resolve("metrics.jsonl"), lines);
        Outcome outcome = report(layers.run, folder.resolve("spoilt.html"));
        assertEquals(1, outcome.status());
        assertTrue(outcome.err().contains("expected a mixture of each of 3 weight tensors, found 2"), outcome.err());
    }

    @Test
    void theCommandInItRepeatsTheRun() throws Exception {
        Matcher command =
                Pattern.compile("<code>softshare (compress [^<]*)</code>").matcher(page);
        assertTrue(command.find());
        assertTrue(command.group(1).endsWith(" --recipe recipe.toml"), command.group(1));
        List<String> words = new ArrayList<>(List.of(command.group(1).split(" ")));
        words.set(words.size() - 1, made.run.resolve("recipe.toml").toString());
        words.set(words.indexOf("--out") + 1, folder.resolve("repeated.sws").toString());
        Outcome outcome = new Processes(folder, List.of(), Map.of()).run(words.toArray(String[]::new));
        assertEquals(0, outcome.status(), outcome.err());
        assertArrayEquals(
                Files.readAllBytes(folder.resolve("small.sws")), Files.readAllBytes(folder.resolve("repeated.sws")));
    }

    @Test
    void itLoadsNothing() {
        assertTrue(page.contains("default-src 'none'"), "no content security policy");
        String outside = withoutScripts(page);
        assertFalse(Pattern.compile("(?i)\\b(src|srcset|action|poster)\\s*=\\s*\"(?!data:)")
                .matcher(outside)
                .find());
        assertFalse(Pattern.compile("(?i)<(link|iframe|object|embed|base)\\b(?![^>]*href=\"data:,\")")
                .matcher(outside)
                .find());
        assertFalse(Pattern.compile("(?i)href\\s*=\\s*\"(?!#|data:)")
                .matcher(outside)
                .find());
        assertFalse(Pattern.compile("(?i)@import|url\\s*\\(").matcher(outside).find());
        assertFalse(Pattern.compile("(?i)<script[^>]+src").matcher(page).find());
    }

    @Test
    void elementsAreNestedAndIdsAreOnce() throws Exception {
        wellFormed(page);
    }

    @Test
    void hostileNamesStayText() throws Exception {
        Path out = folder.resolve("hostile.html");
        Outcome outcome = report(made.hostile(), out);
        assertEquals(0, outcome.status(), outcome.err());
        String hostile = Files.readString(out);
        wellFormed(hostile);
        assertEquals(3, count(hostile, "<script"), "charts, library, script");
        assertEquals(3, count(hostile, "</script"));
        assertFalse(hostile.contains("<img src=x"), "a name became an element");
        assertTrue(charts(hostile).toString().contains(ReportRun.HOSTILE), "the names are gone rather than escaped");
        assertTrue(text(hostile).contains("broken in"));
        assertTrue(charts(hostile).containsKey("trials"));
    }

    @Test
    void spoiltFoldersGiveOneLine() throws Exception {
        expectLine(folder.resolve("nowhere"), "is no folder; name one");
        expectLine(
                Files.createDirectories(folder.resolve("empty")), "has no result.json: not the folder of a finished");
        for (String file : List.of("result.json", "recipe.toml", "metrics.jsonl", "start.safetensors", "model.sws")) {
            Path copy = made.copy("without-" + file);
            Files.delete(copy.resolve(file));
            expectLine(copy, "has no " + file);
        }
        for (String file : List.of(
                "result.json",
                "recipe.toml",
                "settings.json",
                "metrics.jsonl",
                "start.safetensors",
                "model.sws",
                "trials.json")) {
            Path copy = made.copy("damaged-" + file);
            Files.write(copy.resolve(file), "{\"a\": [1, \u00e4".getBytes(StandardCharsets.ISO_8859_1));
            expectLine(copy, file);
            Path cut = made.copy("foreign-" + file);
            Files.writeString(cut.resolve(file), "[7]\n");
            expectLine(cut, file);
        }
        Path wrong = made.copy("wrong");
        Files.writeString(
                wrong.resolve("metrics.jsonl"), "{\"stage\":\"prior\",\"epoch\":1,\"liveWeights\":\"many\"}\n");
        expectLine(wrong, "metrics.jsonl line 1: liveWeights: expected a number, found \"many\"");
        Path other = made.copy("other");
        String result = Files.readString(other.resolve("result.json"));
        Files.writeString(other.resolve("result.json"), result.replaceFirst("\"fileBytes\":\\d+", "\"fileBytes\":3"));
        expectLine(other, "result.json speaks of 3");
    }

    /** In this process, as the command would: it gives such a message as its one line, with status 1. */
    private void expectLine(Path run, String text) {
        Path out = folder.resolve("none.html");
        ReportException e = assertThrows(ReportException.class, () -> Report.write(run, out), run.toString());
        assertEquals(1, e.getMessage().lines().count(), e.getMessage());
        assertTrue(e.getMessage().contains(text), e.getMessage());
        assertEquals(1, count(e.getMessage(), run.toString()), "names the folder once: " + e.getMessage());
        assertFalse(Files.exists(out));
    }

    @Test
    void whatIsWrongIsOneLineAndStatusOne() throws Exception {
        Outcome outcome = report(folder.resolve("data"), folder.resolve("none.html"));
        assertEquals(1, outcome.status(), outcome.err());
        assertEquals(1, outcome.err().strip().lines().count(), outcome.err());
        assertTrue(outcome.err().startsWith("softshare: ") && outcome.err().contains("has no result.json"));
    }

    @Test
    void wrongUsageIsTwo() throws Exception {
        assertEquals(
                2,
                new Processes(folder, List.of(), Map.of())
                        .run("report", made.run.toString())
                        .status());
        assertEquals(
                2,
                new Processes(folder, List.of(), Map.of())
                        .run("train", "--model", "lenet-300-100", "--data", "mnist", "--out", "x", "--report", "y")
                        .status());
    }

    @Test
    void weightsInAnotherOrderAreStillMatched() throws Exception {
        ReportRun reordered = ReportRun.make(Files.createDirectories(folder.resolve("canonical")), "--canonical-order");
        assertTrue(Files.readString(reordered.run.resolve("result.json")).contains("\"unitOrder\":\"canonical\""));
        Map<?, ?> same = (Map<?, ?>) charts(Files.readString(reordered.report)).get("scatter");
        assertEquals(charts(page).get("scatter"), same, "the same training, the same weights");
        Files.delete(reordered.run.resolve("end.safetensors"));
        Path out = folder.resolve("unmatched.html");
        assertEquals(0, report(reordered.run, out).status());
        assertFalse(charts(Files.readString(out)).containsKey("scatter"));
        assertTrue(text(Files.readString(out)).contains("cannot be matched"));
    }

    private static Map<?, ?> charts(String page) {
        Matcher data = Pattern.compile("<script type=\"application/json\" id=\"charts\">(.*?)</script>", Pattern.DOTALL)
                .matcher(page);
        assertTrue(data.find());
        return (Map<?, ?>) Json.parse(data.group(1));
    }

    private static String withoutScripts(String page) {
        return page.replaceAll("(?s)<script\\b.*?</script>", "");
    }

    private static int count(String text, String part) {
        return text.split(Pattern.quote(part), -1).length - 1;
    }

    /** What a reader sees, by Java's own HTML parser. */
    private static String text(String page) throws Exception {
        StringBuilder text = new StringBuilder();
        new ParserDelegator()
                .parse(
                        new StringReader(withoutScripts(page)),
                        new HTMLEditorKit.ParserCallback() {
                            @Override
                            public void handleText(char[] data, int position) {
                                text.append(data).append('\n');
                            }

                            @Override
                            public void handleStartTag(HTML.Tag tag, MutableAttributeSet attributes, int position) {
                                // only text counts
                            }
                        },
                        true);
        return text.toString();
    }

    /** Every element that opens closes in turn, and no id occurs twice. */
    private static void wellFormed(String page) {
        Deque<String> open = new ArrayDeque<>();
        Matcher tag = Pattern.compile("<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:\\s+[^<>\"=]+(?:=\"[^\"<]*\")?)*)\\s*>")
                .matcher(withoutScripts(page).replaceAll("(?s)<style>.*?</style>", ""));
        List<String> ids = new ArrayList<>();
        StringBuilder rest = new StringBuilder();
        while (tag.find()) {
            tag.appendReplacement(rest, "");
            String name = tag.group(2);
            Matcher id = Pattern.compile("\\sid=\"([^\"]*)\"").matcher(tag.group(3));
            if (id.find()) {
                ids.add(id.group(1));
            }
            if (tag.group(1).isEmpty()) {
                if (!VOID.contains(name)) {
                    open.push(name);
                }
            } else {
                assertEquals(name, open.isEmpty() ? "nothing" : open.pop(), "closed in the wrong place");
            }
        }
        tag.appendTail(rest);
        assertTrue(open.isEmpty(), "left open: " + open);
        assertEquals(ids.size(), ids.stream().distinct().count(), "an id twice: " + ids);
        assertEquals("<!doctype html>", rest.toString().strip().substring(0, 15));
        assertEquals(-1, rest.substring(15 + rest.indexOf("<!")).indexOf('<'), "a bare < in the text");
    }
}
