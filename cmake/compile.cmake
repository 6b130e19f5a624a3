# How memgate's own code is compiled: mg_warnings is linked privately by each room, generated code stays outside of it.
add_library(mg_warnings INTERFACE)
target_compile_options(mg_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes
  -Wvla -Wwrite-strings -Wundef -Wformat=2 -Wnull-dereference)

add_library(mg_options INTERFACE)
target_compile_definitions(mg_options INTERFACE _GNU_SOURCE MG_VERSION="${PROJECT_VERSION}")
target_include_directories(mg_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(mg_options INTERFACE -fno-omit-frame-pointer -fstack-protector-strong -fno-strict-overflow)
if(MG_FAILPOINTS)
  target_compile_definitions(mg_options INTERFACE MG_FAILPOINTS)
endif()
if(MG_SANITIZE)
  target_compile_options(mg_options INTERFACE -fsanitize=${MG_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(mg_options INTERFACE -fsanitize=${MG_SANITIZE})
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_definitions(mg_options INTERFACE _FORTIFY_SOURCE=2)
  target_compile_options(mg_options INTERFACE -fPIE)
  target_link_options(mg_options INTERFACE -pie -Wl,-z,relro,-z,now)
endif()

# mg_room(NAME SOURCES... ): one static library per room.
function(mg_room name)
  add_library(mg_${name} STATIC ${ARGN})
  target_link_libraries(mg_${name} PUBLIC mg_options PRIVATE mg_warnings)
endfunction()
