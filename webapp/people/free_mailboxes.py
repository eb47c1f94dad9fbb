"""Mailboxes that anybody gets for free, or with a private line: a hint to ask for a professional address. Pure."""

DOMAINS = frozenset(
    # The best known of https://github.com/Kikobeats/free-email-domains (domains.json of 2026-08-22).
    """
    163.com aol.com bluewin.ch caramail.com email.com fastmail.com free.fr freenet.de gmail.com gmx.at gmx.ch
    gmx.com gmx.de gmx.net googlemail.com hotmail.co.uk hotmail.com hotmail.de hotmail.es hotmail.fr
    hotmail.it icloud.com laposte.net libero.it live.be live.co.uk live.com live.fr mac.com mail.com mail.ru
    me.com msn.com netcourrier.com orange.fr outlook.com outlook.fr pm.me proton.me protonmail.ch
    protonmail.com qq.com rocketmail.com skynet.be t-online.de telenet.be wanadoo.fr web.de yahoo.co.uk
    yahoo.com yahoo.de yahoo.es yahoo.fr yahoo.it yandex.com yandex.ru ymail.com zoho.com
    """.split()
    # Not in that list: what French operators give with a line, and providers that it leaves out.
    + "aliceadsl.fr bbox.fr club-internet.fr gmx.fr mailo.com neuf.fr noos.fr numericable.fr sfr.fr".split()
    + "tuta.com tutanota.com".split()
)


def free_mailbox(email: str) -> str:
    """Return the domain of the address when it is one of these, else nothing."""
    domain = email.rpartition("@")[2].lower()
    return domain if domain in DOMAINS else ""
