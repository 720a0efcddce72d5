#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/bench/routing/run --through-redis [...]: a Redis of its own with the library of functions, for bench_routing."""
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
from desk import PrivateRedis, library  # noqa: E402

binary = pathlib.Path(os.environ.get("BUILD", ROOT / "build")) / "bin" / "bench_routing"
with tempfile.TemporaryDirectory() as folder, PrivateRedis(pathlib.Path(folder) / "redis") as redis:
    redis.client.config_set("appendfsync", "no")  # virtual time: nothing of it is to last
    redis.client.config_set("appendonly", "no")
    redis.client.function_load(library())
    sys.exit(subprocess.run([str(binary), "--through-redis", str(redis.socket), *sys.argv[1:]]).returncode)
