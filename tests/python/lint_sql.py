"""sqlfluff, without half of its time: Python's collector walks its trees, which are large and in use.

A file, as each process that sqlfluff starts reads it again.
"""

import gc

gc.set_threshold(200_000, 50, 1000)

if __name__ == "__main__":
    from sqlfluff.cli.commands import cli

    cli()
