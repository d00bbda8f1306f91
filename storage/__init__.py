"""Remembering: tables, one repository a table family, migrations. The only package with SQL."""
