package io.softshare.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Pictures out of a report, for the README; {@code docs/images/make} runs it. */
final class ReportPictures {
    private static final Map<String, String> PICTURES =
            Map.of("weights.png", "#histogram", "mixture.png", "#mixture-chart");

    private ReportPictures() {}

    /** A report's file, and the folder that the pictures go to. */
    public static void main(String[] arguments) throws Exception {
        String program = Chromium.find();
        if (program == null) {
            System.err.println(
                    "no Chromium here: install the package chromium, or name a program by SOFTSHARE_CHROMIUM");
            System.exit(1);
        }
        Path profile = Files.createTempDirectory("softshare-chromium");
        try (Chromium browser = new Chromium(program, profile)) {
            browser.size(760, 900, false);
            browser.media("screen", "light");
            browser.open(Path.of(arguments[0]).toAbsolutePath());
            browser.until("document.documentElement.dataset.drawn === document.documentElement.dataset.charts");
            for (Map.Entry<String, String> picture : PICTURES.entrySet()) {
                browser.screenshot(Path.of(arguments[1], picture.getKey()), picture.getValue());
            }
        }
    }
}
