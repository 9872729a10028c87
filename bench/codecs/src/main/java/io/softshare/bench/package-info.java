/** Yardsticks for the codecs of {@code io.softshare.codec}: other coders over the same tensors, bytes and speed. */
package io.softshare.bench;
