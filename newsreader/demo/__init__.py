"""The demonstration newsroom: our own texts and pictures, in files beside this one; `manage.py load_demo`."""
