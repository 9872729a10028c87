/**
 * Devices behind one interface: memory, and the kernels of softshare.h. The only package that touches native code.
 *
 * <p>A {@link io.softshare.device.Device} allocates {@link io.softshare.device.Buffer}s and offers
 * {@link io.softshare.device.Kernels}. Kernels are called through one C header whatever the device is; what differs is
 * where memory lies and which kernel library was opened. Every method here checks sizes before native code sees a
 * pointer, and turns a status into a {@link io.softshare.device.DeviceException}.
 */
package io.softshare.device;
