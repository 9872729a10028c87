/**
 * Entropy coders for compressed tensors. FORMAT.md specifies every constant and table here.
 *
 * <p>Whatever a decoder depends on is integer arithmetic, so that a file decodes to the same network everywhere. Models
 * are written once, against {@link io.softshare.codec.BinaryCoder}: the encoder's hands back the bit it was given, the
 * decoder's the bit it found. Encoder and decoder cannot drift apart.
 */
package io.softshare.codec;
