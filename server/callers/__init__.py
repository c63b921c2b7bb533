"""Who calls: kinds of callers, their sign-in and sessions, and what each may be told."""
