# SPDX-License-Identifier: Apache-2.0
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "flow"))
from conftest import desk, new_desk, redis  # noqa: E402,F401
