# The page: TypeScript -> one script and one style sheet in the build tree, which page.cpp embeds. npm fetches what package-lock.json
# names and nothing else; scripts of packages do not run. What npm fetched stays in the build tree.
find_program(NODE NAMES node nodejs)
find_program(NPM npm)
if(NOT NODE OR NOT NPM)
  message(FATAL_ERROR "The page of `interoper inspect` is built with Node.js (18 or later) and npm, and they are not here.\n"
    "Install them (Debian: apt-get install nodejs npm; scripts/deps does it), or build without the page: -D INTEROPER_PAGE=OFF")
endif()

set(page_source ${CMAKE_SOURCE_DIR}/src/inspector/page)
set(page_build ${CMAKE_BINARY_DIR}/page)
file(GLOB page_files CONFIGURE_DEPENDS ${page_source}/*.ts ${page_source}/*.tsx ${page_source}/*.css)

add_custom_command(OUTPUT ${page_build}/fetched
  COMMAND ${CMAKE_COMMAND} -E make_directory ${page_build}
  COMMAND ${CMAKE_COMMAND} -E copy ${page_source}/package.json ${page_source}/package-lock.json ${page_source}/.npmrc ${page_build}
  COMMAND ${CMAKE_COMMAND} -E chdir ${page_build} ${NPM} ci --ignore-scripts --no-audit --no-fund --prefer-offline --loglevel=error
  COMMAND ${CMAKE_COMMAND} -E touch ${page_build}/fetched
  DEPENDS ${page_source}/package.json ${page_source}/package-lock.json ${page_source}/.npmrc
  COMMENT "Fetching what the page is built with")

add_custom_command(OUTPUT ${page_build}/page.js ${page_build}/page.css
  COMMAND ${CMAKE_COMMAND} -E env NODE_PATH=${page_build}/node_modules
    ${NODE} ${page_build}/node_modules/esbuild/bin/esbuild ${page_source}/page.tsx --outdir=${page_build}
    --bundle --minify --charset=utf8 --legal-comments=none --target=es2020 --jsx=automatic --jsx-import-source=preact --log-level=warning
  DEPENDS ${page_files} ${page_build}/fetched
  COMMENT "Bundling the page")

set_source_files_properties(${CMAKE_SOURCE_DIR}/src/inspector/page.cpp PROPERTIES
  COMPILE_DEFINITIONS INTEROPER_PAGE_FOLDER="${page_build}"
  OBJECT_DEPENDS "${page_build}/page.js;${page_build}/page.css")
