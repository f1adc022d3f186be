"""The command beside the dbt project: sample, checks of the files, run, what-if, explain, the second engine."""

import warnings

# PySpark is here for its jars, if at all; its Python side, which others look at, minds the version of pandas.
warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
