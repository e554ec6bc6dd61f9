"""``python -m survjax`` is the command ``survjax``."""

import sys

from survjax.cli import main

sys.exit(main())
