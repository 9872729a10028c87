package io.softshare.device;

class CpuDeviceTest extends DeviceContract {
    @Override
    Device open() {
        return CpuDevice.open(2);
    }
}
