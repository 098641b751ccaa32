"""``python -m tympan_sim`` is ``tympan-sim``."""

import sys

from tympan_sim.main import main

if __name__ == "__main__":
    sys.exit(main())
