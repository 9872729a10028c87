package io.softshare.pipeline;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The recipes that come with the program, one TOML resource each, and those in files. */
public final class Recipes {
    /** Names of the built-in recipes. */
    public static final List<String> NAMES = List.of(
            "lenet-300-100",
            "lenet-5",
            "lenet-300-100-self",
            "lenet-5-augmented",
            "wrn-16-4",
            "wrn-16-4-regrow",
            "generic",
            "paper",
            "deep-compression",
            "network-surgery");

    /** Networks with a recipe of their own, and the data that it was measured on. */
    private static final Map<String, String> MEASURED_ON =
            Map.of("lenet-300-100", "mnist", "lenet-5", "mnist", "wrn-16-4", "cifar10");

    private Recipes() {}

    /** By name or file; null: the model's own on the data it was measured on, else generic. */
    public static Recipe find(String nameOrFile, String model, String data) {
        boolean measured = model != null && data.equals(MEASURED_ON.get(model));
        String name = nameOrFile != null ? nameOrFile : measured ? model : "generic";
        if (NAMES.contains(name)) {
            return builtIn(name);
        }
        Path file = Path.of(name);
        if (!Files.isRegularFile(file)) {
            throw new RecipeException("no recipe is called " + name
                    + " and no such file exists; expected a TOML file or " + String.join(", ", NAMES));
        }
        try {
            return RecipeFile.read(Files.readString(file), file.toString());
        } catch (IOException e) {
            throw new RecipeException(file + " cannot be read: " + e.getMessage());
        }
    }

    static Recipe builtIn(String name) {
        try (InputStream in = Recipes.class.getResourceAsStream("recipes/" + name + ".toml")) {
            return RecipeFile.read(new String(in.readAllBytes(), StandardCharsets.UTF_8), "recipe " + name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
