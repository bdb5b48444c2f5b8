"""Pages and the API are two faces of the same functions: one table of cases runs through both."""
