"""«Archivio»: Django's admin, read only, behind the login of the staff. For whoever administers, without limits of territory."""
