# One interface target for each library, so that a room names what it uses and nothing else. README.md here says why each.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

add_library(library_asio INTERFACE)
find_package(Boost 1.81 REQUIRED)
target_link_libraries(library_asio INTERFACE Boost::headers Threads::Threads)
# No separate compilation, no deprecated spellings; GCC 12 warns falsely inside Asio's coroutine frames.
target_compile_definitions(library_asio INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE)

find_package(nlohmann_json 3.11 REQUIRED)
add_library(library_json INTERFACE)
target_link_libraries(library_json INTERFACE nlohmann_json::nlohmann_json)

pkg_check_modules(SIMDJSON REQUIRED IMPORTED_TARGET simdjson)
add_library(library_simdjson INTERFACE)
target_link_libraries(library_simdjson INTERFACE PkgConfig::SIMDJSON)

pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
add_library(library_utf8proc INTERFACE)
target_link_libraries(library_utf8proc INTERFACE PkgConfig::UTF8PROC)

find_package(yaml-cpp 0.7 REQUIRED)
add_library(library_yaml INTERFACE)
target_link_libraries(library_yaml INTERFACE yaml-cpp)

find_path(CMARK_GFM_INCLUDE cmark-gfm.h REQUIRED)
find_library(CMARK_GFM cmark-gfm REQUIRED)
find_library(CMARK_GFM_EXTENSIONS cmark-gfm-extensions REQUIRED)
add_library(library_cmark INTERFACE)
target_link_libraries(library_cmark INTERFACE ${CMARK_GFM_EXTENSIONS} ${CMARK_GFM})
target_include_directories(library_cmark SYSTEM INTERFACE ${CMARK_GFM_INCLUDE})

find_package(LibArchive REQUIRED)
add_library(library_archive INTERFACE)
target_link_libraries(library_archive INTERFACE LibArchive::LibArchive)

find_package(CURL REQUIRED)
add_library(library_curl INTERFACE)
target_link_libraries(library_curl INTERFACE CURL::libcurl)

find_package(OpenSSL REQUIRED COMPONENTS Crypto)
add_library(library_crypto INTERFACE)
target_link_libraries(library_crypto INTERFACE OpenSSL::Crypto)

find_package(CLI11 REQUIRED)
add_library(library_cli INTERFACE)
target_link_libraries(library_cli INTERFACE CLI11::CLI11)

if(INTEROPER_TESTS)
  find_package(Catch2 REQUIRED)
endif()
