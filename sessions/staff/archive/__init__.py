"""«Archivio»: Django's admin, read-only, behind the staff login. Requires «amministrazione» and the whole nation."""
