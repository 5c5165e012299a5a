"""A workbook in which a spreadsheet counts all windows itself, beside what was written (Excel)."""
