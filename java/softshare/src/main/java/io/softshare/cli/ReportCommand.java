package io.softshare.cli;

import io.softshare.report.Report;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A run's folder to one HTML file. Needs no native code. */
@Command(
        name = "report",
        mixinStandardHelpOptions = true,
        description =
                "Makes one HTML file of a finished run: figures, charts, tables, and the command that repeats it.")
final class ReportCommand implements Callable<Integer> {
    @Parameters(paramLabel = "RUN_DIR", description = "A folder that compress kept with --run.")
    private Path run;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "The HTML file to write.")
    private Path out;

    @Override
    public Integer call() throws IOException {
        CompressCommand.checkWritable("--out", out);
        Report.write(run, out);
        System.err.println(out + ": the report; open it in a browser");
        return 0;
    }
}
