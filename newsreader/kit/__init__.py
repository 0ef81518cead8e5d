"""Tools that know no word of our trade and have no models. A tool enters only when two rooms use it."""
