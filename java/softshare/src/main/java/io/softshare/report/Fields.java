package io.softshare.report;

import io.softshare.json.Json;
import io.softshare.json.JsonException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One JSON object of a run's folder, read with care: a field of another type than expected is named.
 *
 * @param where file, and line where it has several, for messages
 */
record Fields(Map<?, ?> values, String where) {
    static Fields parse(String text, String where) {
        return of(json(text, where), where);
    }

    static Fields of(Object value, String where) {
        if (value instanceof Map<?, ?> map) {
            return new Fields(map, where);
        }
        throw new ReportException(where + ": expected a JSON object, found " + describe(value) + "; " + advice());
    }

    static Object json(String text, String where) {
        try {
            return Json.parse(text);
        } catch (JsonException e) {
            throw new ReportException(where + ": " + e.getMessage() + "; " + advice());
        }
    }

    /** What to do about a damaged folder. */
    static String advice() {
        return "the folder is damaged or another program's, make the run again";
    }

    String text(String key) {
        if (values.get(key) instanceof String text) {
            return text;
        }
        throw wrong(key, "a text");
    }

    String text(String key, String otherwise) {
        return values.get(key) == null ? otherwise : text(key);
    }

    double number(String key) {
        if (values.get(key) instanceof Number number && Double.isFinite(number.doubleValue())) {
            return number.doubleValue();
        }
        throw wrong(key, "a number");
    }

    /** NaN where the field is missing or null. */
    double optionalNumber(String key) {
        return values.get(key) == null ? Double.NaN : number(key);
    }

    List<?> optionalList(String key) {
        if (values.get(key) == null) {
            return List.of();
        }
        if (values.get(key) instanceof List<?> list) {
            return list;
        }
        throw wrong(key, "a list");
    }

    boolean optionalFlag(String key) {
        if (values.get(key) == null) {
            return false;
        }
        if (values.get(key) instanceof Boolean flag) {
            return flag;
        }
        throw wrong(key, "true or false");
    }

    /** Numbers of a list, or null where the field is missing or null. */
    double[] optionalNumbers(String key) {
        return values.get(key) == null ? null : numbers(key, optionalList(key), "a list of numbers");
    }

    /** Lists of numbers in a list, none where the field is missing or null. */
    List<double[]> optionalListsOfNumbers(String key) {
        List<double[]> lists = new ArrayList<>();
        String expected = "a list of lists of numbers";
        for (Object list : optionalList(key)) {
            if (!(list instanceof List<?> numbers)) {
                throw wrong(key, expected);
            }
            lists.add(numbers(key, numbers, expected));
        }
        return lists;
    }

    private double[] numbers(String key, List<?> list, String expected) {
        double[] numbers = new double[list.size()];
        for (int i = 0; i < numbers.length; i++) {
            if (!(list.get(i) instanceof Number number)) {
                throw wrong(key, expected);
            }
            numbers[i] = number.doubleValue();
        }
        return numbers;
    }

    private ReportException wrong(String key, String expected) {
        return new ReportException(where + ": " + key + ": expected " + expected + ", found "
                + describe(values.get(key)) + "; " + advice());
    }

    private static String describe(Object value) {
        String text = value == null ? "nothing" : Json.write(value);
        return text.length() <= 60 ? text : text.substring(0, 60) + "…";
    }
}
