/**
 * Images and labels: MNIST, CIFAR-10, folders of IDX, CIFAR binary or image files; their split, order and augmentation.
 *
 * <p>{@link io.softshare.data.DataSources} is the door: it reads a folder or fetches a known set into the cache, and gives a
 * {@link io.softshare.data.DataSet}. Pixels stay bytes here; the network's preprocessing turns them into numbers. What
 * comes from files or the net is checked before memory is taken for it, and every fault is one
 * {@link io.softshare.data.DataException} line that names the file.
 *
 * <p>All randomness is {@link io.softshare.device.Philox}: a pure function of seed, epoch and example.
 */
package io.softshare.data;
