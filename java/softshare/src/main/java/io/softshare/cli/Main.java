package io.softshare.cli;

import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Compresses neural networks by soft weight-sharing. */
@Command(
        name = "softshare",
        description = "Compresses neural networks by soft weight-sharing.",
        mixinStandardHelpOptions = true,
        version = "softshare 0.1.0",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            TrainCommand.class,
            RetrainCommand.class,
            CompressCommand.class,
            DecompressCommand.class,
            EvalCommand.class,
            InspectCommand.class,
            CompareCommand.class,
            SearchCommand.class,
            ReportCommand.class,
            DevicesCommand.class
        })
public final class Main implements Runnable {
    @Option(
            names = "--stacktrace",
            scope = CommandLine.ScopeType.INHERIT,
            description = "With an error, show where in the program it arose.")
    private boolean stacktrace;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    public static void main(String[] arguments) {
        System.exit(run(arguments));
    }

    static int run(String... arguments) {
        Main main = new Main();
        CommandLine line = new CommandLine(main);
        line.setParameterExceptionHandler((e, a) -> {
            PrintWriter err = e.getCommandLine().getErr();
            err.println("softshare: " + oneLine(e.getMessage()) + "; see `"
                    + e.getCommandLine().getCommandSpec().qualifiedName() + " --help`");
            return CommandLine.ExitCode.USAGE;
        });
        line.setExecutionExceptionHandler((e, command, parsed) -> {
            command.getErr().println("softshare: " + Errors.message(e));
            if (main.stacktrace) {
                e.printStackTrace(command.getErr());
            }
            return e instanceof UsageException ? 2 : 1;
        });
        return line.execute(arguments);
    }

    static String oneLine(String text) {
        return text == null ? "" : text.replaceAll("\\s*\\R\\s*", " ");
    }

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "a command is missing");
    }
}
