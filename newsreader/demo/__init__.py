"""The demonstration newsroom: words and pictures of our own, in files beside this one; `manage.py load_demo`."""
