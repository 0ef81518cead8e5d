"""What runs in the site's own interpreter, with the code of the commit that is measured: it imports nothing else of the
benchmark, only the site's models.
"""
