"""The commands that ask AWS, against servers on this machine that answer as AWS does."""
