package io.softshare.report;

import io.softshare.pipeline.RecipeException;
import io.softshare.pipeline.RecipeFile;
import io.softshare.pipeline.Recipes;
import io.softshare.pipeline.RunFiles;
import io.softshare.pipeline.Settings;
import java.util.Map;
import java.util.Set;

/** The command line that a run's settings stand for. */
final class RepeatCommand {
    /** What a setting is where nobody chose it: left out of the command. */
    private static final Map<String, String> USUAL = Map.of(
            "augment", "none",
            "codec", "context",
            "rateDistortion", "auto",
            "kernels", "fused",
            "device", "auto",
            "precision", "fp32",
            "validation", "true",
            "canonicalOrder", "false");

    /** Not options: the first is the command, the others follow from a file. */
    private static final Set<String> NO_OPTIONS = Set.of("goal", "modelSha256", "recipe");

    private RepeatCommand() {}

    /**
     * One line for a shell. A recipe that is not the one which model and data get by themselves is named as
     * {@value RunFiles#RECIPE}.
     *
     * @param settings texts by name, as {@link RunFiles#SETTINGS} has them
     */
    static String of(Map<String, String> settings, String recipe) {
        StringBuilder line = new StringBuilder("softshare ").append(settings.getOrDefault("goal", "compress"));
        settings.forEach((key, value) -> {
            if (NO_OPTIONS.contains(key) || value.equals(USUAL.get(key))) {
                return;
            }
            String option = " " + Settings.option(key);
            switch (key) {
                case "canonicalOrder" -> line.append(option);
                case "validation" -> line.append(option).append(" none");
                default -> line.append(option).append(' ').append(quoted(value));
            }
        });
        if (!isUsual(recipe, settings)) {
            line.append(" --recipe ").append(RunFiles.RECIPE);
        }
        return line.toString();
    }

    private static boolean isUsual(String recipe, Map<String, String> settings) {
        try {
            return recipe.equals(RecipeFile.write(
                    Recipes.find(null, settings.getOrDefault("model", ""), settings.getOrDefault("data", ""))));
        } catch (RecipeException e) {
            return false;
        }
    }

    private static String quoted(String text) {
        return text.matches("[A-Za-z0-9_./:=@%+,-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
    }
}
