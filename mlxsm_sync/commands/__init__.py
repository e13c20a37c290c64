"""What each command does, one file per verb. None of them knows click: a program can call them as well."""
