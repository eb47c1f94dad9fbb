"""The words on the screen, in French and in English."""

from __future__ import annotations

LANGUAGES = ("fr", "en")

WORDS: dict[str, tuple[str, str]] = {
    "service": ("Service exemple", "Sample service"),
    "home": ("Données publiques", "Public data"),
    "favourites": ("Favoris", "Favourites"),
    "sign_in": ("Se connecter", "Sign in"),
    "sign_out": ("Se déconnecter", "Sign out"),
    "sample_note": (
        "Données d’exemple, inventées pour la démonstration.",
        "Sample data, made up for the demonstration.",
    ),
    "download": ("Télécharger (CSV)", "Download (CSV)"),
    "downloads": ("Téléchargements", "Downloads"),
    "downloads_note": (
        "Les téléchargements et les favoris sont ouverts à toute personne connectée.",
        "Downloads and favourites are open to anyone who is signed in.",
    ),
    "add_favourite": ("Ajouter aux favoris", "Add to favourites"),
    "remove_favourite": ("Retirer des favoris", "Remove from favourites"),
    "no_favourites": ("Aucun favori pour le moment.", "No favourites yet."),
    "companies": ("Mes sociétés", "My companies"),
    "no_companies": (
        "Vous n’avez de rattachement à aucune société : seules les données publiques vous sont ouvertes.",
        "You are attached to no company: only the public data are open to you.",
    ),
    "company_data": ("Données de la société", "Data of the company"),
    "administrator": ("Administrateur", "Administrator"),
    "user": ("Utilisateur", "User"),
    "internal": ("Interne", "Internal"),
    "external": ("Externe", "External"),
    "this_service": ("Ce service :", "This service:"),
    "services": ("Services de la société", "Services of the company"),
    "points": ("Points de livraison", "Delivery points"),
    "point_number": ("Numéro", "Number"),
    "site": ("Site", "Site"),
    "subscribed": ("Puissance souscrite (kW)", "Subscribed power (kW)"),
    "month": ("Mois passé (MWh)", "Last month (MWh)"),
    "sso_down": (
        "La connexion est momentanément indisponible. Les données publiques restent accessibles.",
        "Signing in is not possible at the moment. The public data remain available.",
    ),
    "production-par-filiere": (
        "Production d’électricité par filière, par jour",
        "Electricity production by source, per day",
    ),
    "consommation-par-region": (
        "Consommation d’électricité par région",
        "Electricity consumption by region",
    ),
    "pointes-mensuelles": ("Pointes de consommation mensuelles", "Monthly peaks of consumption"),
    "date": ("Jour", "Day"),
    "nucleaire_gwh": ("Nucléaire (GWh)", "Nuclear (GWh)"),
    "hydraulique_gwh": ("Hydraulique (GWh)", "Hydro (GWh)"),
    "eolien_gwh": ("Éolien (GWh)", "Wind (GWh)"),
    "solaire_gwh": ("Solaire (GWh)", "Solar (GWh)"),
    "gaz_gwh": ("Gaz (GWh)", "Gas (GWh)"),
    "bioenergies_gwh": ("Bioénergies (GWh)", "Bioenergy (GWh)"),
    "consommation_gwh": ("Consommation (GWh)", "Consumption (GWh)"),
    "error_400": ("Demande non valable", "Not a valid request"),
    "error_400_text": (
        "La demande n’a pas pu être vérifiée. Revenez à l’accueil et recommencez.",
        "The request could not be verified. Go back to the home page and try again.",
    ),
    "error_403": ("Accès refusé", "Access refused"),
    "error_403_text": (
        "Vous n’avez pas de rattachement à cette société. "
        "Un de ses administrateurs peut vous rattacher dans le portail.",
        "You are not attached to this company. One of its administrators can attach you in the portal.",
    ),
    "error_404": ("Page introuvable", "Page not found"),
    "error_404_text": ("Cette page n’existe pas.", "There is no such page."),
    "error_405": ("Demande non valable", "Not a valid request"),
    "error_405_text": ("Cette page ne s’utilise pas ainsi.", "This page is not used that way."),
    "error_500": ("Erreur", "Error"),
    "error_500_text": ("Une erreur est survenue.", "Something went wrong."),
    "error_503": ("Service momentanément indisponible", "Service unavailable at the moment"),
    "error_503_text": (
        "La connexion est momentanément indisponible. Réessayez dans quelques instants.",
        "Signing in is not possible at the moment. Try again shortly.",
    ),
    "sign_in_failed": ("La connexion n’a pas abouti", "Signing in did not succeed"),
    "sign_in_failed_text": (
        "La demande de connexion a expiré ou ne vient pas de cette page. Recommencez.",
        "The sign-in expired or did not come from this page. Try again.",
    ),
    "back": ("Retour aux données publiques", "Back to the public data"),
}


def word(key: str, language: str) -> str:
    """A wording in one of `LANGUAGES`; an unknown key is an error, so a test that shows the page finds it."""
    return WORDS[key][LANGUAGES.index(language)]
