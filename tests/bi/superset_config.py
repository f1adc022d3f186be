"""Settings of the Superset that the test starts: a metadata file of its own, nothing that only matters in public."""

import os

SECRET_KEY = "of a server that lives for one test"
SQLALCHEMY_DATABASE_URI = f"sqlite:///{os.environ['SUPERSET_HOME']}/superset.db"
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
