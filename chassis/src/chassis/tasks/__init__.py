"""What a service does later or elsewhere: timers, jobs, runs."""
