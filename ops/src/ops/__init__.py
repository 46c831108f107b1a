"""What runs beside the services and in none of their images: provisioning, backup, the administration command line."""
