"""Login providers that are played by this site itself, for who tries it out without keys; loopback only.

views: the page on which one chooses who to be, and what the site asks behind the scenes
accounts: who has an account there
people: what each provider says of somebody
protocol: OAuth 2 as each provider speaks it; the test suite's stand-in answers by it, too

`newsreader.provider_settings` says which are played.
"""
