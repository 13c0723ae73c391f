"""What AWS Glue starts: the job, whose code is in the zip beside it."""

import sys

from cdctables.job import main

sys.exit(main(sys.argv[1:]))
