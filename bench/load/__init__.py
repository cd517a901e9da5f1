"""Many volunteers chatting at once with the real application on this machine.

`python -m bench.load` starts the application with servers of its own, lets `volunteers` (a process of its
own) chat, watches processes and database meanwhile, and asks the database at the end what became of every
message. Only 127.0.0.1 is spoken to.
"""
