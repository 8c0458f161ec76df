"""python -m amends.cli"""

import sys

from amends.cli.frame import main

sys.exit(main())
