#!/usr/bin/env python
"""Run a management command of Peersupport."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "peersupport.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit("Django is not installed here. `make run` sets everything up.") from error
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
