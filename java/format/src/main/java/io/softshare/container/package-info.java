/**
 * The .sws file: one compressed network with all it takes to rebuild it. FORMAT.md is its specification.
 *
 * <p>What is read is hostile until proved: the checksum comes first, then every length is held against what is left and
 * against {@link io.softshare.container.Limits} before memory is taken. A file is read whole and right, or refused with
 * the byte at which it goes wrong.
 */
package io.softshare.container;
