package io.softshare.report;

import com.samskivert.mustache.Mustache;
import io.softshare.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;

/** The template with styles, scripts and values filled in. */
final class Page {
    private static final String LIBRARY = "echarts/echarts.min.js";

    private Page() {}

    /**
     * The page.
     *
     * @param values of the template; escaped where they stand
     * @param charts by name, for report.js
     * @throws ReportException if the program was packed without the charting library
     */
    static String of(Map<String, Object> values, Map<String, Object> charts) throws IOException {
        String library = resource(LIBRARY);
        String script = resource("report.js");
        Map<String, Object> all = new HashMap<>(values);
        all.put("style", resource("report.css"));
        all.put("library", library);
        all.put("script", script);
        all.put("libraryHash", hash(library));
        all.put("scriptHash", hash(script));
        // A text with "</script>" or "<!--" in it must not end the element that holds it.
        all.put("charts", Json.write(charts).replace("<", "\\u003c"));
        return Mustache.compiler()
                .escapeHTML(true)
                .withLoader(partial -> new java.io.StringReader(resource(partial + ".html")))
                .compile(resource("report.html"))
                .execute(all);
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = Page.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new ReportException(
                        "the program has no " + name + " in it; build it again with `mvn -B -DskipTests package`");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).replace("\r\n", "\n");
        }
    }

    /** As a content security policy names a script. */
    private static String hash(String script) {
        try {
            return "sha256-"
                    + Base64.getEncoder()
                            .encodeToString(MessageDigest.getInstance("SHA-256")
                                    .digest(script.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}
