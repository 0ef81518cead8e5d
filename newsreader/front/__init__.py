"""What stands before Django: one small application on the web server's event loop (Granian, RSGI).

The loop reads a request whole before a thread is taken for it, and hands an answer over whole, so that no client, slow
or hostile, holds a thread. Django runs in a fixed number of threads and knows nothing of this: it is called by WSGI.

server:      the web server, on the socket that `manage.py serve` has opened
preloading:  what web processes share, imported before they are forked
first_pages: pages made before the fork, and with them what is made at first use
forked_worker: the worker, which shares it too
application: each request's way through the loop; what is answered there; signs of life
bodies:      reading a body within its time and size
exchange:    one request and its one answer, by Django or from the page cache
pool:        the threads, which of them may write, and what becomes of requests that wait too long
environ:     a request as WSGI says it
access:      each request counted, and its line in the log
answers:     Django's answer, handed to the server
pages:       which answers are the same for everybody and may be kept
lane:        a finished page that still holds, as an answer in front of Django
asker:       asks for versions, for all requests that have arrived meanwhile at once
versions_now: the statement and its connection
renewal:     pages that have changed, made anew before anybody asks
page_cache:  the last good answer of each public address
stale:       such an answer as it is sent where Django cannot answer
"""
