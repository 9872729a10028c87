package io.softshare.json;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Recursive descent over the text; depth is bounded, so the stack is too. */
final class JsonReader {
    private final String text;
    private final int maxValues;
    private int at;
    private int values;

    JsonReader(String text, int maxValues) {
        this.text = text;
        this.maxValues = maxValues;
    }

    Object document() {
        Object value = value(0);
        space();
        if (at < text.length()) {
            throw fault("the end of the text");
        }
        return value;
    }

    private Object value(int depth) {
        space();
        if (++values > maxValues) {
            throw new JsonException(at, "at most " + maxValues + " values", "more");
        }
        switch (peek()) {
            case '{':
                return object(deeper(depth));
            case '[':
                return array(deeper(depth));
            case '"':
                return string();
            case 't':
                return word("true", Boolean.TRUE);
            case 'f':
                return word("false", Boolean.FALSE);
            case 'n':
                return word("null", null);
            default:
                return number();
        }
    }

    private int deeper(int depth) {
        if (depth >= Json.MAX_DEPTH) {
            throw new JsonException(at, "at most " + Json.MAX_DEPTH + " levels", "a deeper one");
        }
        return depth + 1;
    }

    private Map<String, Object> object(int depth) {
        Map<String, Object> object = new LinkedHashMap<>();
        at++;
        space();
        if (peek() == '}') {
            at++;
            return object;
        }
        while (true) {
            space();
            if (peek() != '"') {
                throw fault("a key in quotes");
            }
            int start = at;
            String key = string();
            if (object.containsKey(key)) {
                throw new JsonException(start, "each key once", brief(key) + " again");
            }
            space();
            take(':');
            object.put(key, value(depth));
            space();
            if (peek() == '}') {
                at++;
                return object;
            }
            take(',');
        }
    }

    private List<Object> array(int depth) {
        List<Object> array = new ArrayList<>();
        at++;
        space();
        if (peek() == ']') {
            at++;
            return array;
        }
        while (true) {
            array.add(value(depth));
            space();
            if (peek() == ']') {
                at++;
                return array;
            }
            take(',');
        }
    }

    private String string() {
        StringBuilder out = new StringBuilder();
        at++;
        while (true) {
            int c = peek();
            if (c < 0x20) {
                throw fault("a closing quote");
            }
            at++;
            if (c == '"') {
                return out.toString();
            }
            out.append(c == '\\' ? escape() : (char) c);
        }
    }

    private char escape() {
        int c = peek();
        int plain = "\"\\/bfnrt".indexOf(c);
        if (plain >= 0) {
            at++;
            return "\"\\/\b\f\n\r\t".charAt(plain);
        }
        if (c != 'u') {
            throw fault("an escape such as \\n or \\u0041");
        }
        at++;
        int code = 0;
        for (int i = 0; i < 4; i++) {
            int h = peek();
            int digit = h >= '0' && h <= '9' ? h - '0' : (h | 32) >= 'a' && (h | 32) <= 'f' ? (h | 32) - 'a' + 10 : -1;
            if (digit < 0) {
                throw fault("four hexadecimal digits");
            }
            code = code * 16 + digit;
            at++;
        }
        return (char) code;
    }

    private Object number() {
        int start = at;
        if (peek() == '-') {
            at++;
        }
        if (peek() == '0') {
            at++;
        } else {
            digits("a value");
        }
        boolean whole = true;
        if (peek() == '.') {
            at++;
            digits("digits after the point");
            whole = false;
        }
        if ((peek() | 32) == 'e') {
            at++;
            if (peek() == '+' || peek() == '-') {
                at++;
            }
            digits("digits of the exponent");
            whole = false;
        }
        String number = text.substring(start, at);
        if (whole && number.length() <= 20 && !number.equals("-0")) {
            try {
                return Long.valueOf(number);
            } catch (NumberFormatException tooLarge) {
                return Double.valueOf(number);
            }
        }
        double value = Double.parseDouble(number);
        if (Double.isInfinite(value)) {
            throw new JsonException(start, "a number within a double's range", brief(number));
        }
        return value;
    }

    private void digits(String expected) {
        int start = at;
        while (peek() >= '0' && peek() <= '9') {
            at++;
        }
        if (at == start) {
            throw fault(expected);
        }
    }

    private Object word(String word, Object value) {
        if (!text.startsWith(word, at)) {
            throw fault("a value");
        }
        at += word.length();
        return value;
    }

    private void space() {
        while (at < text.length() && " \t\n\r".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private void take(char expected) {
        if (peek() != expected) {
            throw fault("'" + expected + "'");
        }
        at++;
    }

    /** The character here, or −1 at the end. */
    private int peek() {
        return at < text.length() ? text.charAt(at) : -1;
    }

    private JsonException fault(String expected) {
        int c = peek();
        String found = c < 0 ? "the end" : Character.isISOControl(c) ? "character code " + c : "'" + (char) c + "'";
        return new JsonException(at, expected, found);
    }

    /** Text of the document, fit for one line. */
    private static String brief(String text) {
        return Json.write(text.length() <= 100 ? text : text.substring(0, 100) + "…");
    }
}
