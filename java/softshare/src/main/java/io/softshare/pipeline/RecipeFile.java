package io.softshare.pipeline;

import io.softshare.train.Describe;
import io.softshare.train.PriorSettings;
import io.softshare.train.Stage;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlTable;

/**
 * Recipes as TOML. Keys are the components of {@link Recipe}, {@link PriorSettings} and {@link Stage}; an unknown key or a
 * value of the wrong type is refused by name. What a file leaves out has its default; {@link #write} writes everything, a
 * comment a line.
 */
public final class RecipeFile {
    private RecipeFile() {}

    /** Reads a recipe; where names it in messages. */
    public static Recipe read(String text, String where) {
        TomlParseResult toml = TomlText.parse(text, where);
        check(
                toml,
                where,
                Set.of("name", "batch", "teacher", "equalise", "weightScale", "sparseBelow", "prior", "stage"));
        TomlTable prior = table(toml, "prior", where);
        List<Stage> stages = new ArrayList<>();
        Object list = toml.get("stage");
        if (list != null && !(list instanceof TomlArray)) {
            throw new RecipeException(where + ": stage is no list; write [[stage]]");
        }
        if (list instanceof TomlArray array) {
            for (int i = 0; i < array.size(); i++) {
                if (!(array.get(i) instanceof TomlTable table)) {
                    throw new RecipeException(where + ": stage " + (i + 1) + " is no table; write [[stage]]");
                }
                stages.add(stage(table, where + ", stage " + (i + 1)));
            }
        }
        try {
            return new Recipe(
                    string(toml, "name", "custom", where),
                    (int) number(toml, "batch", 128, where),
                    string(toml, "teacher", "none", where),
                    flag(toml, "equalise", false, where),
                    number(toml, "weightScale", 0, where),
                    number(toml, "sparseBelow", Recipe.SPARSE_BELOW, where),
                    prior == null
                            ? PriorSettings.DEFAULTS
                            : fill(PriorSettings.class, PriorSettings.DEFAULTS, prior, where + ", prior"),
                    stages);
        } catch (RecipeException e) {
            throw new RecipeException(
                    e.getMessage().startsWith(where) ? e.getMessage() : where + ": " + e.getMessage());
        }
    }

    private static Stage stage(TomlTable table, String where) {
        Object kind = table.get("kind");
        if (kind == null) {
            throw new RecipeException(where + ": kind is missing; expected " + choices(Stage.Kind.class));
        }
        Stage defaults = Stage.defaults((Stage.Kind) convert(Stage.Kind.class, kind, "kind", where));
        return fill(Stage.class, defaults, table, where);
    }

    private static TomlTable table(TomlTable toml, String key, String where) {
        Object value = toml.get(key);
        if (value == null || value instanceof TomlTable) {
            return (TomlTable) value;
        }
        throw new RecipeException(where + ": " + key + " is no table; write [" + key + "]");
    }

    private static String string(TomlTable toml, String key, String otherwise, String where) {
        Object value = toml.get(List.of(key));
        return value == null ? otherwise : (String) convert(String.class, value, key, where);
    }

    private static double number(TomlTable toml, String key, double otherwise, String where) {
        Object value = toml.get(List.of(key));
        return value == null ? otherwise : (double) convert(double.class, value, key, where);
    }

    private static boolean flag(TomlTable toml, String key, boolean otherwise, String where) {
        Object value = toml.get(List.of(key));
        return value == null ? otherwise : (boolean) convert(boolean.class, value, key, where);
    }

    private static void check(TomlTable table, String where, Set<String> known) {
        for (String key : table.keySet()) {
            if (!known.contains(key)) {
                throw new RecipeException(where + ": unknown key " + key + "; expected one of "
                        + known.stream().sorted().collect(Collectors.joining(", ")));
            }
        }
    }

    private static <R extends Record> R fill(Class<R> type, R defaults, TomlTable table, String where) {
        RecordComponent[] components = type.getRecordComponents();
        check(
                table,
                where,
                Arrays.stream(components).map(RecordComponent::getName).collect(Collectors.toSet()));
        Object[] arguments = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            Object value = table.get(List.of(components[i].getName()));
            arguments[i] = value == null
                    ? get(components[i], defaults)
                    : convert(components[i].getType(), value, components[i].getName(), where);
        }
        Class<?>[] types =
                Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
        try {
            Constructor<R> constructor = type.getDeclaredConstructor(types);
            return constructor.newInstance(arguments);
        } catch (InvocationTargetException e) {
            throw new RecipeException(where + ": " + e.getCause().getMessage());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Object get(RecordComponent component, Record record) {
        try {
            return component.getAccessor().invoke(record);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Object convert(Class<?> type, Object value, String key, String where) {
        if (type == String.class && value instanceof String) {
            return value;
        }
        if (type == boolean.class && value instanceof Boolean) {
            return value;
        }
        if (type == double.class && value instanceof Number number && Double.isFinite(number.doubleValue())) {
            return number.doubleValue();
        }
        if (type == long.class && value instanceof Long) {
            return value;
        }
        if (type == int.class && value instanceof Long number && (int) (long) number == number) {
            return (int) (long) number;
        }
        if (type.isEnum() && value instanceof String name) {
            for (Object constant : type.getEnumConstants()) {
                if (label((Enum) constant).equals(name)) {
                    return constant;
                }
            }
            throw new RecipeException(
                    where + ": " + key + " is \"" + name + "\", expected " + choices((Class<Enum>) (Class) type));
        }
        throw new RecipeException(where + ": " + key + " is " + value + ", expected "
                + (type.isEnum() ? "a name" : "a " + type.getSimpleName()));
    }

    private static String label(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private static String choices(Class<? extends Enum> type) {
        return Arrays.stream(type.getEnumConstants()).map(RecipeFile::label).collect(Collectors.joining(", "));
    }

    /** The recipe in full, with a comment a line; reading it gives the same recipe. */
    public static String write(Recipe recipe) {
        StringBuilder out = new StringBuilder();
        out.append("# A softshare recipe: every setting in force. Use it with --recipe FILE.\n");
        for (RecordComponent component : Recipe.class.getRecordComponents()) {
            if (component.isAnnotationPresent(Describe.class)) {
                line(out, component, recipe);
            }
        }
        out.append("\n[prior]\n");
        for (RecordComponent component : PriorSettings.class.getRecordComponents()) {
            line(out, component, recipe.prior());
        }
        for (Stage stage : recipe.stages()) {
            out.append("\n[[stage]]\n");
            for (RecordComponent component : Stage.class.getRecordComponents()) {
                line(out, component, stage);
            }
        }
        return out.toString();
    }

    /**
     * The recipe with settings changed, named as {@link #write} shows them: {@code batch}, {@code prior.KEY},
     * {@code STAGE.KEY} (every stage of that name). Values are checked as those of a file are.
     */
    public static Recipe with(Recipe recipe, Map<String, String> changes) {
        if (changes.isEmpty()) {
            return recipe;
        }
        Set<String> left = new LinkedHashSet<>(changes.keySet());
        StringBuilder out = new StringBuilder();
        String section = "";
        int stage = 0;
        for (String line : write(recipe).lines().toList()) {
            if (line.equals("[prior]")) {
                section = "prior.";
            } else if (line.equals("[[stage]]")) {
                section = recipe.stages().get(stage++).name() + ".";
            }
            String key = section + line.replaceFirst(" = .*", "");
            if (line.contains(" = ") && changes.containsKey(key)) {
                left.remove(key);
                boolean quoted = line.contains(" = \"");
                String value = changes.get(key);
                if (!isOneValue(quoted ? quoted(value) : value)) {
                    throw new RecipeException(key + " is " + value + ", expected "
                            + (quoted
                                    ? "one line of text"
                                    : "a value like " + line.replaceFirst(".*? = (\\S+).*", "$1")));
                }
                line = line.replaceFirst(" = .*", "") + " = " + (quoted ? quoted(value) : value);
            }
            out.append(line).append('\n');
        }
        if (!left.isEmpty()) {
            String stages = recipe.stages().stream().map(Stage::name).distinct().collect(Collectors.joining(", "));
            throw new RecipeException("recipe " + recipe.name() + " has no setting "
                    + left.iterator().next()
                    + "; expected KEY, prior.KEY or STAGE.KEY with a stage of " + stages
                    + " (--print-recipe shows all keys)");
        }
        return read(out.toString(), "recipe " + recipe.name() + " as changed");
    }

    private static boolean isOneValue(String text) {
        try {
            return TomlText.parse("value = " + text, "value").size() == 1;
        } catch (RecipeException e) {
            return false;
        }
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private static void line(StringBuilder out, RecordComponent component, Record record) {
        Object value = get(component, record);
        String text = value instanceof Enum<?> constant
                ? '"' + label(constant) + '"'
                : value instanceof String string ? quoted(string) : String.valueOf(value);
        out.append(component.getName())
                .append(" = ")
                .append(text)
                .append(" # ")
                .append(component.getAnnotation(Describe.class).value())
                .append('\n');
    }
}
