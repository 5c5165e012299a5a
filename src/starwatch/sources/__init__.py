"""Where ratings come from: adapters found by name, imported when named."""
