"""What a person must do: found in what customers say, given to owners, told, escalated, finished in chat."""
