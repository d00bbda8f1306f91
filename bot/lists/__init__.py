"""Files that lists come in: CSV and XLSX, read as rows of texts."""
