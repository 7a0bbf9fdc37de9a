"""The life of notices and messages: each message ends in one outcome, each notice is answered for."""
