"""What stands before Django: one small application on the web server's event loop (Granian, RSGI).

The loop reads a request whole before a thread is taken for it, and hands an answer over whole, so that no client, slow
or hostile, holds a thread. Django runs in a fixed number of threads and knows nothing of this: it is called by WSGI.

application: each request's way through the loop; what is answered there; signs of life
bodies:      reading a body within its time and size
environ:     a request as WSGI says it
pool:        the threads, and which of them may write
answers:     Django's answer, handed to the server
"""
