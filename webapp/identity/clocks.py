"""What breaks when the portal's clock is not Keycloak's."""

APART = 60.0
"""Seconds by which the clocks may differ: the least that one of the checks of Keycloak's tokens allows."""


def difference(ahead: float) -> str:
    """Return in words how far our clock is ahead of Keycloak's and what that breaks; empty when it is little."""
    if abs(ahead) <= APART:
        return ""
    side = "ahead of" if ahead > 0 else "behind"
    return (
        f"the clock is {round(abs(ahead))} s {side} Keycloak's: sign-ins and log-outs by Keycloak are refused, "
        "and the days of activation mails are wrong; set both clocks by a time server"
    )
