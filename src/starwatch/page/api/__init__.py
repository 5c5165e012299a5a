"""The API `/api/v1`: parameters are read strictly, answers of views become JSON."""
