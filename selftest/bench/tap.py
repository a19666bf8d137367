#!/usr/bin/env python3
"""TAP in MB/s: base/tap beside Perl's TAP::Parser and npm's tap-parser, on one document.

    ctest --test-dir build/release -R tap/fetch    # once: fetches tap-parser
    cmake --build build/release --target bench_tap && selftest/bench/tap.py build/release
"""
import os
import re
import subprocess
import sys
import tempfile

build = os.path.abspath(sys.argv[1])
dumps = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tap")

with tempfile.TemporaryDirectory() as room:
    document = os.path.join(room, "document.tap")
    ours = subprocess.run([f"{build}/selftest/bench_tap", document], stdout=subprocess.PIPE, text=True, check=True).stdout
    print(ours, end="")
    lenient = float(re.search(r"([\d.]+) MB/s  lenient", ours).group(1))
    for name, command in (("Perl's TAP::Parser", ["perl", f"{dumps}/perl_bench.pl", document]),
                          ("npm's tap-parser", ["node", f"{dumps}/npm_bench.mjs", f"{build}/selftest/tap/npm", document])):
        speed = float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
        print(f"{speed:8.2f} MB/s  {name}: ours, lenient, is {lenient / speed:.0f} times as fast")
