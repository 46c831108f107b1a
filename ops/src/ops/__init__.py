"""Programs that run beside the services and are in none of their images: provisioning, backup, the administration command line."""
