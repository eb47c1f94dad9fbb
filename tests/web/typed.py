"""What people type into the forms of the portal, field by field as the contract names them."""


def a_row(
    company_id: str, *, administrator: bool = False, external: bool = False, until: str | None = None
) -> dict[str, str]:
    """A company's box ticked, with its role and affiliation, and its last day where that is said."""
    return {
        **({} if until is None else {f"company-{company_id}-until": until}),
        f"company-{company_id}-attached": "1",
        f"company-{company_id}-role": "administrator" if administrator else "user",
        f"company-{company_id}-affiliation": "external" if external else "internal",
    }


def a_creation(*rows: dict[str, str], confirm: bool = True, **changes: str) -> dict[str, str]:
    """A whole form of « Ajouter un utilisateur » for somebody new; one row at Acme unless rows are given."""
    fields = {
        "email": "emma.bernard@acme.example",
        "last_name": "Bernard",
        "first_name": "Emma",
        "title": "mme",
        "locale": "fr",
        **changes,
    }
    for row in rows or (a_row("acme"),):
        fields.update(row)
    return {**fields, "confirm": "1"} if confirm else fields
