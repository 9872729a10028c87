package io.softshare.search;

import io.softshare.pipeline.Recipe;
import io.softshare.pipeline.RecipeException;
import io.softshare.pipeline.RecipeFile;
import io.softshare.pipeline.TomlText;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.tomlj.TomlTable;

/**
 * Where a search looks: settings of a recipe with their ranges, as a TOML file whose tables are the recipe's sections:
 *
 * <pre>
 * batch = { from = 64, to = 512, scale = "log", integer = true }
 * [widen]
 * tauEnd = { from = 0.05, to = 2, scale = "log" }
 * [recover]
 * tauEnd = { same = "widen.tauEnd" }
 * </pre>
 */
public final class Space {
    /** More settings than this cannot be told apart by any number of trials that someone waits for. */
    static final int MAX_SETTINGS = 64;

    private final List<Setting> settings;

    public Space(List<Setting> settings) {
        this.settings = List.copyOf(settings);
        if (settings.isEmpty() || settings.size() > MAX_SETTINGS) {
            throw new SearchException(
                    "a search space has " + settings.size() + " settings, expected 1 to " + MAX_SETTINGS);
        }
        Set<String> seen = new HashSet<>();
        for (String key : keys()) {
            if (!seen.add(key)) {
                throw new SearchException(key + " occurs twice in the search space; leave one");
            }
        }
    }

    public List<Setting> settings() {
        return settings;
    }

    public int dimensions() {
        return settings.size();
    }

    /** All keys that a point sets. */
    public List<String> keys() {
        List<String> keys = new ArrayList<>();
        for (Setting setting : settings) {
            keys.add(setting.key());
            keys.addAll(setting.also());
        }
        return keys;
    }

    /** Settings at a point of the unit cube, by key. */
    public Map<String, String> at(double[] unit) {
        Map<String, String> values = new LinkedHashMap<>();
        for (int i = 0; i < settings.size(); i++) {
            Setting setting = settings.get(i);
            String text = setting.text(unit[i]);
            values.put(setting.key(), text);
            setting.also().forEach(key -> values.put(key, text));
        }
        return values;
    }

    /** The point where settings lie. */
    public double[] point(Map<String, String> values) {
        return settings.stream()
                .mapToDouble(s -> s.unit(Double.parseDouble(values.get(s.key()))))
                .toArray();
    }

    /** The point's own place once its settings are rounded as {@link #at} rounds them: the model sees what is run. */
    public double[] snap(double[] unit) {
        return point(at(unit));
    }

    /**
     * The recipe's own settings as {@link #at} would name them, or null if they are no point of the space: one is out of
     * its range, or settings that are to be the same are not.
     */
    public Map<String, String> own(Recipe recipe) {
        Map<String, String> written = written(recipe);
        Map<String, String> values = new LinkedHashMap<>();
        for (Setting setting : settings) {
            double value = Double.parseDouble(written.get(setting.key()));
            if (!setting.holds(value)) {
                return null;
            }
            String text = setting.integer() ? String.valueOf((long) value) : setting.text(setting.unit(value));
            values.put(setting.key(), text);
            for (String key : setting.also()) {
                if (Double.parseDouble(written.get(key)) != value) {
                    return null;
                }
                values.put(key, text);
            }
        }
        return values;
    }

    /** The recipe with the settings at both ends of the space: whatever cannot be set is refused here, before any trial. */
    public void check(Recipe recipe) {
        Map<String, String> written = written(recipe);
        for (String key : keys()) {
            String value = written.get(key);
            if (value != null && !value.matches("-?[0-9.]+(E-?[0-9]+)?")) {
                throw new SearchException(key + " is " + value + ", no number; only numbers can be searched");
            }
        }
        for (int end = 0; end < 2; end++) {
            double[] corner = new double[settings.size()];
            java.util.Arrays.fill(corner, end);
            RecipeFile.with(recipe, at(corner));
        }
    }

    /** Every setting of a recipe as text, by the key that --set takes. */
    static Map<String, String> written(Recipe recipe) {
        Map<String, String> values = new LinkedHashMap<>();
        String section = "";
        int stage = 0;
        for (String line : RecipeFile.write(recipe).lines().toList()) {
            if (line.equals("[prior]")) {
                section = "prior.";
            } else if (line.equals("[[stage]]")) {
                section = recipe.stages().get(stage++).name() + ".";
            } else if (line.contains(" = ")) {
                values.putIfAbsent(section + line.replaceFirst(" = .*", ""), line.replaceFirst(".*? = (\\S+).*", "$1"));
            }
        }
        return values;
    }

    /** Reads a space; where names it in messages. */
    public static Space read(String text, String where) {
        TomlTable toml;
        try {
            toml = TomlText.parse(text, where);
        } catch (RecipeException e) {
            throw new SearchException(e.getMessage());
        }
        Map<String, TomlTable> entries = new LinkedHashMap<>();
        collect(toml, "", entries, where);
        List<Setting> settings = new ArrayList<>();
        Map<String, List<String>> also = new LinkedHashMap<>();
        entries.forEach((key, table) -> {
            if (table.contains("same")) {
                if (!(table.get("same") instanceof String other) || table.size() > 1) {
                    throw new SearchException(where + ": " + key + ": same stands alone and names a setting");
                }
                also.computeIfAbsent(other, k -> new ArrayList<>()).add(key);
            } else {
                settings.add(setting(key, table, where));
            }
        });
        List<Setting> complete = new ArrayList<>();
        for (Setting s : settings) {
            List<String> same = also.remove(s.key());
            complete.add(same == null ? s : new Setting(s.key(), s.from(), s.to(), s.scale(), s.integer(), same));
        }
        if (!also.isEmpty()) {
            throw new SearchException(
                    where + ": " + also.values().iterator().next().get(0) + " is to be the same as "
                            + also.keySet().iterator().next() + ", which has no range; give it from and to");
        }
        try {
            return new Space(complete);
        } catch (SearchException e) {
            throw new SearchException(where + ": " + e.getMessage());
        }
    }

    private static void collect(TomlTable table, String section, Map<String, TomlTable> entries, String where) {
        List<String> keys = new ArrayList<>(table.keySet());
        // In the file's order: it is the order of the dimensions.
        keys.sort(Comparator.<String>comparingInt(
                        k -> table.inputPositionOf(List.of(k)).line())
                .thenComparingInt(k -> table.inputPositionOf(List.of(k)).column()));
        for (String key : keys) {
            Object value = table.get(List.of(key));
            if (!(value instanceof TomlTable inner)) {
                throw new SearchException(where + ": " + section + key + " is " + value
                        + ", expected { from = …, to = … } or { same = \"KEY\" }");
            }
            boolean range = inner.contains("from") || inner.contains("to") || inner.contains("same");
            if (range || !section.isEmpty()) {
                entries.put(section + key, inner);
            } else {
                collect(inner, key + ".", entries, where);
            }
        }
    }

    private static Setting setting(String key, TomlTable table, String where) {
        for (String name : table.keySet()) {
            if (!Set.of("from", "to", "scale", "integer").contains(name)) {
                throw new SearchException(
                        where + ": " + key + ": unknown " + name + "; expected from, to, scale, integer or same");
            }
        }
        Object scale = table.contains("scale") ? table.get("scale") : "linear";
        Setting.Scale found = null;
        for (Setting.Scale candidate : Setting.Scale.values()) {
            if (candidate.label().equals(scale)) {
                found = candidate;
            }
        }
        if (found == null) {
            throw new SearchException(where + ": " + key + ": scale is " + scale + ", expected linear, log or logit");
        }
        Object integer = table.contains("integer") ? table.get("integer") : Boolean.FALSE;
        if (!(integer instanceof Boolean whole)) {
            throw new SearchException(where + ": " + key + ": integer is " + integer + ", expected true or false");
        }
        try {
            return new Setting(key, number(table, "from"), number(table, "to"), found, whole, List.of());
        } catch (SearchException e) {
            throw new SearchException(where + ": " + e.getMessage());
        }
    }

    private static double number(TomlTable table, String name) {
        if (table.get(name) instanceof Number number) {
            return number.doubleValue();
        }
        throw new SearchException("a range has " + name + " = " + table.get(name) + ", expected a number");
    }

    /** The space as a file that {@link #read} makes the same space of. */
    public String write() {
        Map<String, StringBuilder> sections = new LinkedHashMap<>();
        sections.put("", new StringBuilder()); // TOML wants keys without a table first
        for (Setting s : settings) {
            append(
                    sections,
                    s.key(),
                    String.format(
                            Locale.ROOT,
                            "{ from = %s, to = %s, scale = \"%s\"%s }",
                            number(s.from(), s),
                            number(s.to(), s),
                            s.scale().label(),
                            s.integer() ? ", integer = true" : ""));
            for (String key : s.also()) {
                append(sections, key, "{ same = \"" + s.key() + "\" }");
            }
        }
        StringBuilder out = new StringBuilder(
                "# A softshare search space: settings of a recipe as --print-recipe shows them. Use it with --space FILE.\n"
                        + "# scale: linear, log or logit; same: the value of another setting.\n");
        sections.forEach((section, lines) ->
                out.append(section.isEmpty() ? "" : "\n[" + section + "]\n").append(lines));
        return out.toString();
    }

    private static String number(double value, Setting s) {
        return s.integer() ? String.valueOf((long) value) : String.valueOf(value);
    }

    private static void append(Map<String, StringBuilder> sections, String key, String value) {
        int dot = key.lastIndexOf('.');
        String section = dot < 0 ? "" : key.substring(0, dot);
        sections.computeIfAbsent(section, s -> new StringBuilder())
                .append(key.substring(dot + 1))
                .append(" = ")
                .append(value)
                .append('\n');
    }

    /** Whether any of the settings is one of the given sections' or stands alone at the top: the names without a dot. */
    boolean touches(Set<String> sections) {
        for (String key : keys()) {
            int dot = key.lastIndexOf('.');
            if (dot < 0 || sections.contains(key.substring(0, dot))) {
                return true;
            }
        }
        return false;
    }

    /** As {@link #check}, with this package's kind of message. */
    void checkFor(Recipe recipe) {
        try {
            check(recipe);
        } catch (RecipeException e) {
            throw new SearchException("the search space does not fit: " + e.getMessage());
        }
    }
}
