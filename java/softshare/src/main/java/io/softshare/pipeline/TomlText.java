package io.softshare.pipeline;

import org.tomlj.Toml;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlPosition;

/** TOML from people: whatever is wrong with it is told in one line. */
public final class TomlText {
    private TomlText() {}

    /**
     * Parses a text.
     *
     * @param where names it in messages
     * @throws RecipeException if it is no TOML; the first fault, with its line
     */
    public static TomlParseResult parse(String text, String where) {
        TomlParseResult toml;
        try {
            toml = Toml.parse(text);
        } catch (TomlParseError e) { // a wrong escape in a quoted key is thrown, not listed
            throw refused(where, e.position(), e.getMessage());
        } catch (StackOverflowError e) { // the parser goes down a level of the stack with each level of the text
            throw new RecipeException(where + ": lists or tables lie too deep in one another; three levels are needed");
        } catch (RuntimeException
                | AssertionError e) { // its own mistakes: with assertions on, a wrong Unicode escape in a key
            throw new RecipeException(
                    where + ": no TOML; the parser stopped at it without saying where. Look for a wrong"
                            + " escape (a backslash) in a quoted key or text");
        }
        if (toml.hasErrors()) {
            TomlParseError first = toml.errors().get(0);
            throw refused(where, first.position(), first.getMessage());
        }
        return toml;
    }

    private static RecipeException refused(String where, TomlPosition position, String message) {
        return new RecipeException(where + ", line " + position.line() + ": " + message);
    }
}
