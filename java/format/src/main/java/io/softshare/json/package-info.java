/**
 * A small strict JSON reader and writer, for safetensors headers, {@code --json} results and {@code metrics.jsonl}.
 *
 * <p>Values are plain Java: {@code Map<String, Object>} in the order of the text, {@code List<Object>}, {@code String},
 * {@code Long} (a number without point or exponent that fits), {@code Double}, {@code Boolean} and {@code null}.
 */
package io.softshare.json;
