/* The stand-in libcuda.so.1: the JNI library of the presets needs one to load. Nothing of it is used but these. */
#define API extern "C" __attribute__((visibility("default")))

API int cuInit(unsigned) { return 0; }
API int cuDriverGetVersion(int* version) {
    *version = 13000;
    return 0;
}
API int cuDeviceGetCount(int* count) {
    *count = 1;
    return 0;
}
