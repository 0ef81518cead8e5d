"""What the demonstration is known by afterwards."""

EDITOR = "editor"  # the name of the account that sees everything
DEMONSTRATION = "demonstration"  # in the audit log
