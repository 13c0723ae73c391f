"""AWS Glue starts this script. The job's code is in the zip beside it."""

import sys

from cdctables.job import main

code = main(sys.argv[1:])
if code:  # Glue treats SystemExit as a failure
    sys.exit(code)
