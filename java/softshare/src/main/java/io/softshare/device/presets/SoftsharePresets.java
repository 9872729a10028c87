package io.softshare.device.presets;

import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.tools.Info;
import org.bytedeco.javacpp.tools.InfoMap;
import org.bytedeco.javacpp.tools.InfoMapper;

/** Tells JavaCPP how to turn softshare.h into the class {@code io.softshare.device.Native}. */
@Properties(
        value = @Platform(value = "linux-x86_64", include = "softshare.h", link = "softshare_dispatch"),
        target = "io.softshare.device.Native")
public class SoftsharePresets implements InfoMapper {
    @Override
    public void map(InfoMap infoMap) {
        // Pointers only: Java arrays would be copied at every call.
        infoMap.put(new Info("float").valueTypes("float").pointerTypes("FloatPointer"))
                .put(new Info("double").valueTypes("double").pointerTypes("DoublePointer"))
                .put(new Info("int32_t", "int").valueTypes("int").pointerTypes("IntPointer"))
                .put(new Info("uint32_t").cast().valueTypes("int").pointerTypes("IntPointer"))
                .put(new Info("int64_t", "uint64_t").cast().valueTypes("long").pointerTypes("LongPointer"))
                .put(new Info("uint8_t").cast().valueTypes("byte").pointerTypes("BytePointer"));
    }
}
