package io.softshare.cli;

import io.softshare.json.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A headless Chromium with one page, driven by its DevTools protocol. Everything that the page asks of a network, writes to
 * the console or throws is kept.
 */
final class Chromium implements AutoCloseable {
    private static final int LIMIT_SECONDS = 60;
    private static final Pattern ADDRESS = Pattern.compile("DevTools listening on (ws://\\S+)");

    private final Process process;
    private final WebSocket socket;
    private final AtomicLong ids = new AtomicLong();
    private final Map<Long, CompletableFuture<Map<?, ?>>> waiting = new ConcurrentHashMap<>();
    private final Map<String, CompletableFuture<Void>> events = new ConcurrentHashMap<>();
    private final String session;

    /** Addresses that were asked for since {@link #open}, the page's own first. */
    final List<String> requests = new CopyOnWriteArrayList<>();

    /** Console messages of any level, exceptions, and what the browser itself logged about the page. */
    final List<String> complaints = new CopyOnWriteArrayList<>();

    /** The browser of the variable SOFTSHARE_CHROMIUM or of the path, or null. */
    static String find() {
        String named = System.getenv("SOFTSHARE_CHROMIUM");
        if (named != null) {
            return named;
        }
        return Stream.of(System.getenv("PATH").split(":"))
                .flatMap(folder -> Stream.of("chromium", "chromium-browser", "google-chrome")
                        .map(name -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .map(Path::toString)
                .findFirst()
                .orElse(null);
    }

    Chromium(String program, Path profile) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                program,
                "--headless=new",
                "--no-sandbox", // root in a container has none
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--disable-component-update",
                "--no-first-run",
                "--hide-scrollbars",
                "--remote-debugging-port=0",
                "--user-data-dir=" + profile,
                "about:blank"));
        process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            socket = HttpClient.newHttpClient()
                    .newWebSocketBuilder()
                    .buildAsync(URI.create(address()), new Listener())
                    .get(LIMIT_SECONDS, TimeUnit.SECONDS);
            Object target = call("Target.createTarget", Map.of("url", "about:blank"), null)
                    .get("targetId");
            session = (String) call("Target.attachToTarget", Map.of("targetId", target, "flatten", true), null)
                    .get("sessionId");
            for (String domain : List.of("Page", "Runtime", "Network", "Log")) {
                call(domain + ".enable", Map.of());
            }
        } catch (Exception e) {
            end();
            throw e;
        }
    }

    private String address() throws Exception {
        BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        CompletableFuture<String> found = new CompletableFuture<>();
        Thread reader = new Thread(() -> {
            StringBuilder said = new StringBuilder();
            try {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    said.append(line).append('\n');
                    Matcher matcher = ADDRESS.matcher(line);
                    if (matcher.find()) {
                        found.complete(matcher.group(1));
                    }
                }
                found.completeExceptionally(new IOException("the browser ended: " + said));
            } catch (IOException e) {
                found.completeExceptionally(e);
            }
        });
        reader.setDaemon(true);
        reader.start();
        return found.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    private final class Listener implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
            text.append(part);
            if (last) {
                Map<?, ?> message = (Map<?, ?>) Json.parse(text.toString());
                text.setLength(0);
                if (message.get("id") instanceof Long id) {
                    waiting.remove(id).complete(message);
                } else {
                    event((String) message.get("method"), (Map<?, ?>) message.get("params"));
                }
            }
            from.request(1);
            return null;
        }
    }

    private void event(String method, Map<?, ?> values) {
        switch (method) {
            case "Network.requestWillBeSent" -> requests.add((String) ((Map<?, ?>) values.get("request")).get("url"));
            case "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded" ->
                complaints.add(Json.write(values));
            default -> {}
        }
        CompletableFuture<Void> awaited = events.remove(method);
        if (awaited != null) {
            awaited.complete(null);
        }
    }

    private Map<?, ?> call(String method, Map<String, Object> values, String of)
            throws InterruptedException, ExecutionException, TimeoutException {
        long id = ids.incrementAndGet();
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("id", id);
        message.put("method", method);
        message.put("params", values);
        if (of != null) {
            message.put("sessionId", of);
        }
        CompletableFuture<Map<?, ?>> answer = new CompletableFuture<>();
        waiting.put(id, answer);
        socket.sendText(Json.write(message), true).get(LIMIT_SECONDS, TimeUnit.SECONDS);
        Map<?, ?> found = answer.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        if (found.get("error") != null) {
            throw new IllegalStateException(method + ": " + Json.write(found.get("error")));
        }
        return (Map<?, ?>) found.get("result");
    }

    /** A command of the protocol to the page. */
    Map<?, ?> call(String method, Map<String, Object> values) throws Exception {
        return call(method, values, session);
    }

    /** Opens a file and waits until it has loaded. */
    void open(Path file) throws Exception {
        requests.clear();
        complaints.clear();
        CompletableFuture<Void> loaded = new CompletableFuture<>();
        events.put("Page.loadEventFired", loaded);
        call("Page.navigate", Map.of("url", file.toUri().toString()));
        loaded.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    /** A viewport of so many CSS pixels. */
    void size(int width, int height, boolean phone) throws Exception {
        call(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", phone));
    }

    /**
     * How the page is to be shown.
     *
     * @param media screen or print
     * @param scheme light or dark
     */
    void media(String media, String scheme) throws Exception {
        call(
                "Emulation.setEmulatedMedia",
                Map.of("media", media, "features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    }

    /** The value of a JavaScript expression as plain Java. */
    Object value(String expression) throws Exception {
        Map<?, ?> answer =
                call("Runtime.evaluate", Map.of("expression", expression, "returnByValue", true, "awaitPromise", true));
        if (answer.get("exceptionDetails") != null) {
            throw new IllegalStateException(expression + ": " + Json.write(answer.get("exceptionDetails")));
        }
        return ((Map<?, ?>) answer.get("result")).get("value");
    }

    /** Waits until an expression is true. */
    void until(String expression) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (!Boolean.TRUE.equals(value(expression))) {
            if (System.nanoTime() > end) {
                throw new AssertionError("never true: " + expression + "; " + complaints);
            }
            Thread.sleep(50);
        }
    }

    /** Presses and lets go of a key, e.g. Tab. */
    void press(String key, int code) throws Exception {
        for (String type : List.of("rawKeyDown", "keyUp")) {
            call(
                    "Input.dispatchKeyEvent",
                    Map.of("type", type, "key", key, "code", key, "windowsVirtualKeyCode", code));
        }
    }

    /** Brings the element that a CSS selector finds into view and moves the pointer to its upper middle. */
    void hover(String selector) throws Exception {
        List<?> middle = (List<?>) value("(() => { const e = document.querySelector('" + selector + "');"
                + " e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect();"
                + " return [r.x + r.width / 2, r.y + 0.3 * r.height]; })()");
        for (int i = 0; i < 2; i++) {
            Map<String, Object> move = new LinkedHashMap<>();
            move.put("type", "mouseMoved");
            move.put("x", ((Number) middle.get(0)).doubleValue() + i);
            move.put("y", ((Number) middle.get(1)).doubleValue());
            call("Input.dispatchMouseEvent", move);
        }
    }

    /** The whole page, or the element that a CSS selector finds, as a PNG. */
    void screenshot(Path png, String selector) throws Exception {
        String of = selector == null ? "document.documentElement" : "document.querySelector('" + selector + "')";
        Map<?, ?> box = (Map<?, ?>) value("(() => { const r = " + of + ".getBoundingClientRect();"
                + " return { x: r.x + scrollX, y: r.y + scrollY, width: r.width, height: r.height, scale: 1 }; })()");
        Map<String, Object> clip = new LinkedHashMap<>();
        box.forEach((k, v) -> clip.put((String) k, v));
        Map<?, ?> answer =
                call("Page.captureScreenshot", Map.of("format", "png", "captureBeyondViewport", true, "clip", clip));
        Files.write(png, Base64.getDecoder().decode((String) answer.get("data")));
    }

    /** Prints the page on A4. */
    void pdf(Path file) throws Exception {
        Map<?, ?> answer =
                call("Page.printToPDF", Map.of("paperWidth", 8.27, "paperHeight", 11.69, "preferCSSPageSize", true));
        Files.write(file, Base64.getDecoder().decode((String) answer.get("data")));
    }

    private void end() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    @Override
    public void close() throws Exception {
        try {
            call("Browser.close", Map.of(), null);
            process.waitFor(10, TimeUnit.SECONDS);
        } finally {
            end();
        }
    }
}
