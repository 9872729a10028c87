package io.softshare.cli;

import picocli.CommandLine.Command;

/** Data to a dense network: the recipe's plain stages alone, written as safetensors. */
@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        description =
                "Trains a dense network by the recipe's plain stages, from given weights on where there are some, and"
                        + " writes its weights as .safetensors.")
final class TrainCommand extends CompressCommand {
    @Override
    String command() {
        return "train";
    }

    @Override
    String goal() {
        return "train";
    }
}
