# oneDNN and the OpenMP runtime it was built with, from the unpacked bytedeco jar named by SOFTSHARE_DNNL.
set(SOFTSHARE_DNNL "" CACHE PATH "folder with include/oneapi/dnnl/dnnl.h, libdnnl.so.3 and libgomp.so.1")
if(NOT EXISTS "${SOFTSHARE_DNNL}/include/oneapi/dnnl/dnnl.h" OR NOT EXISTS "${SOFTSHARE_DNNL}/libdnnl.so.3")
  message(FATAL_ERROR "SOFTSHARE_DNNL='${SOFTSHARE_DNNL}' has no oneDNN; `mvn generate-sources` unpacks it from the "
                      "org.bytedeco:dnnl jar to java/softshare/target/dnnl and passes that folder")
endif()
add_library(OneDnn::dnnl SHARED IMPORTED)
set_target_properties(OneDnn::dnnl PROPERTIES
  IMPORTED_LOCATION "${SOFTSHARE_DNNL}/libdnnl.so.3"
  INTERFACE_INCLUDE_DIRECTORIES "${SOFTSHARE_DNNL}/include"
  INTERFACE_LINK_LIBRARIES "${SOFTSHARE_DNNL}/libgomp.so.1")
