"""End with one clear line when the interpreter is too old to install kbsync."""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "kbsync needs Python 3.11 or later and this is %d.%d; name another with: make PYTHON=python3.12 ..."
        % sys.version_info[:2]
    )
