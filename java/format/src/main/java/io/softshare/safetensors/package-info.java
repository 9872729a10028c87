/**
 * safetensors files: eight bytes of header length, a JSON header with type, shape and place of each tensor, then the
 * values. Weights are exchanged with PyTorch this way, under the names of its state_dict.
 *
 * <p>Reading is strict: the values must fill the file without a hole or an overlap, and every number of the header is
 * checked before memory is taken.
 */
package io.softshare.safetensors;
