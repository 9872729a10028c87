package io.softshare.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.softshare.cli.Processes.Outcome;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The report of a real run in a real browser. Screenshots stay under target/report. */
@Tag("browser")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ReportInBrowserTest {
    private static final Path SHOTS = Path.of("target/report");

    @TempDir
    static Path folder;

    private ReportRun made;
    private Path page;
    private Chromium browser;

    @BeforeAll
    void start() throws Exception {
        String program = Chromium.find();
        assumeTrue(
                program != null,
                "no Chromium here: install the package chromium, or name a program by SOFTSHARE_CHROMIUM");
        made = ReportRun.make(folder);
        ReportRun.trials(made.run);
        page = report(made.run, "report.html");
        browser = new Chromium(program, folder.resolve("profile"));
        Files.createDirectories(SHOTS);
    }

    @AfterAll
    void stop() throws Exception {
        if (browser != null) {
            browser.close();
        }
    }

    private Path report(Path run, String name) throws Exception {
        Path out = folder.resolve(name);
        Outcome outcome =
                new Processes(folder, List.of(), Map.of()).run("report", run.toString(), "--out", out.toString());
        assertEquals(0, outcome.status(), outcome.err());
        return out;
    }

    private void open(Path file, int width, boolean phone, String media, String scheme) throws Exception {
        browser.size(width, 900, phone);
        browser.media(media, scheme);
        browser.open(file);
        drawn();
    }

    private void drawn() throws Exception {
        browser.until("document.documentElement.dataset.charts > 0"
                + " && document.documentElement.dataset.drawn === document.documentElement.dataset.charts");
    }

    /** Faults of the charts on the page: containers without marks of their own, or that nobody can see. */
    private List<?> emptyCharts() throws Exception {
        return (List<?>) browser.value("""
                [...document.querySelectorAll('.chart')].filter(c => {
                  const svg = c.querySelector('svg');
                  const box = svg && svg.getBoundingClientRect();
                  const marks = svg ? [...svg.querySelectorAll('path')].filter(p => {
                    const b = p.getBoundingClientRect();
                    return b.width + b.height > 3 && getComputedStyle(p).fill + getComputedStyle(p).stroke !== 'nonenone';
                  }).length : 0;
                  return !svg || box.width < 200 || box.height < 100 || marks < 12 || svg.querySelectorAll('text').length < 3;
                }).map(c => c.getAttribute('aria-label'))""");
    }

    /** Ids of the charts. */
    private List<String> charts() throws Exception {
        return ((List<?>) browser.value("[...document.querySelectorAll('.chart')].map(c => c.id)"))
                .stream().map(String.class::cast).toList();
    }

    private void quiet(Path file) {
        assertEquals(List.of(), browser.complaints, "console");
        List<String> asked =
                browser.requests.stream().filter(r -> !r.startsWith("data:")).toList();
        assertEquals(List.of(file.toUri().toString()), asked, "requests");
    }

    @Test
    void everyChartIsDrawnAndNothingIsAskedFor() throws Exception {
        for (String scheme : List.of("light", "dark")) {
            open(page, 1100, false, "screen", scheme);
            assertEquals(7.0, ((Number) browser.value("document.querySelectorAll('.chart').length")).doubleValue());
            assertEquals(List.of(), emptyCharts(), scheme);
            assertEquals(true, browser.value("[...document.images].every(i => i.complete && i.naturalWidth > 50)"));
            browser.screenshot(SHOTS.resolve(scheme + ".png"), null);
            for (String chart : charts()) {
                browser.hover("#" + chart);
                if (!chart.equals("scatter") && !chart.equals("trials-chart")) { // theirs belong to single points
                    browser.until("(document.querySelector('#" + chart + " .tip')?.textContent ?? '').length > 10");
                }
            }
            quiet(page);
        }
    }

    @Test
    void chartsFollowTheColourSchemeWithoutBeingDrawnAnew() throws Exception {
        open(page, 1100, false, "screen", "light");
        String colours = "[getComputedStyle(document.body).backgroundColor,"
                + " getComputedStyle(document.querySelector('#histogram svg text')).fill].join()";
        String light = (String) browser.value(colours);
        browser.media("screen", "dark");
        String dark = (String) browser.value(colours);
        assertNotEquals(light.split("\\)")[0], dark.split("\\)")[0], "background");
        assertNotEquals(light.split("\\),")[1], dark.split("\\),")[1], "text in charts");
        browser.media("print", "dark");
        assertEquals(light, browser.value(colours), "paper is light");
        quiet(page);
    }

    @Test
    void aPhoneScrollsDownOnly() throws Exception {
        open(page, 360, true, "screen", "light");
        assertEquals(360.0, ((Number) browser.value("innerWidth")).doubleValue(), "the phone's width is taken");
        browser.value("document.querySelectorAll('details').forEach(d => { d.open = true; })");
        assertEquals(List.of(), browser.value("""
                        [...document.querySelectorAll('body *')].filter(e => !e.closest('.skip') && !e.closest('caption')
                            && !e.parentElement.closest('.scroll, pre, svg') && e.getBoundingClientRect().right > 360.5)
                          .map(e => e.tagName + '.' + e.className)"""), "sticks out");
        assertEquals(360.0, ((Number) browser.value("document.documentElement.scrollWidth")).doubleValue());
        browser.value("document.querySelectorAll('details').forEach(d => { d.open = false; })");
        assertEquals(List.of(), emptyCharts());
        browser.screenshot(SHOTS.resolve("phone.png"), null);
        browser.size(900, 900, false);
        browser.until("document.querySelector('#histogram svg').getBoundingClientRect().width > 700");
        quiet(page);
    }

    @Test
    void theKeyboardReachesEverythingInOrder() throws Exception {
        open(page, 1100, false, "screen", "light");
        String focusable = "[...document.querySelectorAll('a, summary, [tabindex=\"0\"]')]"
                + ".filter(e => !e.closest('details:not([open])') || e.tagName === 'SUMMARY')";
        int expected = ((Number) browser.value(focusable + ".length")).intValue();
        assertTrue(expected > 20, "only " + expected);
        List<Integer> reached = new ArrayList<>();
        for (int i = 0; i < expected; i++) {
            browser.press("Tab", 9);
            reached.add(((Number) browser.value(focusable + ".indexOf(document.activeElement)")).intValue());
            assertEquals(
                    "solid",
                    browser.value("getComputedStyle(document.activeElement).outlineStyle"),
                    "focus is not seen on number " + i);
        }
        for (int i = 0; i < expected; i++) {
            assertEquals(i, reached.get(i), "order of focus: " + reached);
        }
        for (String chart : charts()) {
            browser.value("document.getElementById('" + chart + "').focus()");
            browser.press("ArrowRight", 39);
            String said = (String) browser.value(
                    "document.getElementById('" + chart + "').parentNode.querySelector('.readout').textContent");
            assertTrue(said.length() > 10, chart + " says " + said);
        }
        quiet(page);
    }

    @Test
    void everyChartHasItsTextAndMostATable() throws Exception {
        open(page, 1100, false, "screen", "light");
        assertEquals(List.of(), browser.value("""
                        [...document.querySelectorAll('.chart')].filter(c => !c.getAttribute('aria-label')
                            || document.getElementById(c.getAttribute('aria-describedby')).textContent.length < 60
                            || !c.closest('section').querySelector('table tbody tr')).map(c => c.id)"""));
        Map<?, ?> tree = browser.call("Accessibility.getFullAXTree", Map.of());
        String text = tree.toString();
        assertTrue(text.contains("Bytes by layer and part") && text.contains("Histograms of the weights"));
        assertEquals(true, browser.value("[...document.images].every(i => i.alt.length > 20)"));
    }

    @Test
    void itPrints() throws Exception {
        open(page, 1100, false, "print", "light");
        assertEquals(List.of(), emptyCharts());
        browser.media("", "light");
        Path pdf = SHOTS.resolve("print.pdf");
        browser.pdf(pdf);
        String bytes = new String(Files.readAllBytes(pdf), StandardCharsets.ISO_8859_1);
        assertTrue(bytes.startsWith("%PDF") && bytes.length() > 50_000, "only " + bytes.length() + " bytes");
        quiet(page);
    }

    @Test
    void hostileNamesDoNothing() throws Exception {
        Path hostile = report(made.hostile(), "hostile.html");
        open(hostile, 1100, false, "screen", "light");
        assertTrue(((String) browser.value("document.title")).endsWith("softshare report"));
        assertEquals(List.of(), emptyCharts());
        // Its tooltips are the one place where text becomes HTML in the page.
        for (String chart : List.of("epochs", "mixture-chart", "bytes-chart")) {
            browser.value("document.getElementById('" + chart + "').focus()");
            for (int i = 0; i < 6; i++) {
                browser.press("ArrowRight", 39);
            }
        }
        browser.value("echarts.getInstanceByDom(document.getElementById('bytes-chart'))"
                + ".dispatchAction({type: 'showTip', seriesIndex: 0, dataIndex: 0})");
        browser.until(
                "[...document.querySelectorAll('#bytes-chart div')].some(d => d.textContent.includes('broken in'))");
        assertEquals(3.0, ((Number) browser.value("document.scripts.length")).doubleValue());
        assertEquals(2.0, ((Number) browser.value("document.images.length")).doubleValue());
        quiet(hostile);
    }
}
