"""Who is who: the organisation tree, residents, staff, merchants, sign-in, permissions, masking."""
