"""The demonstration newsroom: our own texts and pictures, in files beside this one; `manage.py load_demo`.

loader, unloader: bringing it in, and taking it out again
names:            what it is known by afterwards
timeline:         who said and decided what, and when
providers:        login providers that the site plays itself
mails:            mails that are read in the newsroom instead of being sent
"""
