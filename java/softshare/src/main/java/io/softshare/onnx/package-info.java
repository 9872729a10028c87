/**
 * ONNX files in and out. {@link io.softshare.onnx.OnnxReader} makes a graph and its weights of a file as exporters write
 * them; {@link io.softshare.onnx.OnnxWriter} writes a graph that computes the same elsewhere.
 *
 * <p>Files are in protocol buffers' wire format, of which the messages needed here are a small part. They are read field by
 * field from protobuf's own stream, without generated classes: every count is held against {@link
 * io.softshare.onnx.OnnxLimits} as it grows, weights are decoded from where they lie, and nothing is kept of what is not
 * needed. The build needs no protoc.
 *
 * <p>What is read is hostile: a wrong file gives one {@link io.softshare.onnx.OnnxException} that names the place.
 */
package io.softshare.onnx;
