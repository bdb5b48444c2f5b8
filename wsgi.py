"""Makes the app for gunicorn and for the `flask` command."""

import sys

from app import create_app
from app.settings import BadSettings

try:
    app = create_app()
except BadSettings as error:
    sys.stderr.write(f"defen: {error}\n")
    sys.exit(3)  # gunicorn's code for "do not try again"
