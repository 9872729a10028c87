/**
 * The .sws file: one compressed network with all it takes to rebuild it. FORMAT.md is its specification.
 *
 * <p>What is read is hostile until proved: the checksum comes first, then every length is held against what is left and
 * against {@link io.softshare.codec.Limits} before memory is taken. A file is read whole and right, or refused with
 * the byte at which it goes wrong. What the limits are worth is what reading takes: about 64 bytes of memory in all for each
 * byte of the file and each element that the graph asks for, most of it given up again at once. A file from anyone is read
 * within limits of one's own:
 *
 * <pre>{@code
 * Limits limits = Limits.DEFAULT.withFileBytes(1 << 20).withElements(2_000_000);
 * SwsReader reader = SwsReader.open(stream, limits);   // checks the frame and the graph, decodes nothing
 * reader.graph().tensors();                            // names, roles and shapes
 * reader.tensor("fc1.weight").values();                // decodes the section that it lies in
 * reader.forEach(tensor -> ...);                       // all, one section in memory at a time
 * }</pre>
 *
 * <p>The other way, {@link io.softshare.container.SwsWriter} takes a network's tensors one by one and keeps their coded bytes
 * only. The file is short, so it lies in memory coded; it is the tensors that need not. {@link
 * io.softshare.container.AtomicFile} puts it in place, whole or not at all.
 */
package io.softshare.container;
